/**
 * What a bench needs of a store, ours or a peer's. Each adapter is written as its library's documentation
 * recommends for this job; `append` resolves only when the record would survive a power cut (after fdatasync).
 */

import type { ProducerHandle } from '../../ops/producers.js';
import type { FieldType } from '../../record/shape.js';

/** Bytes on the disk after a run. */
export interface Footprint {
  /** Bytes that hold the records: without room written ahead and without files that could be made again. */
  readonly dataBytes: number;
  /** All blocks taken in the folder. */
  readonly diskBytes: number;
  /** Files of the log, when it has several, and their size. */
  readonly segments?: number;
  readonly segmentBytes?: number;
}

/** A message's name and fields, as `message` of the door takes them. */
export interface MessageShape {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** A record as a library that wraps it gives it. */
export interface Found {
  readonly data: unknown;
}

export interface Recovery {
  readonly tailMs: number;
  readonly syncMs: number;
}

export type Visit = (record: unknown) => unknown;

export interface Store {
  /** Resolves when the record is durable. */
  append(record: unknown): Promise<unknown>;
  /** One promise for many records, durable together or in order. */
  appendBatch(records: readonly unknown[]): Promise<unknown>;
  /** Queues without a promise; `settled` resolves when all that was queued is durable. Only where the library has that. */
  post?(record: unknown): void;
  settled?(): Promise<unknown>;
  /** Record number `index`, counted from 0: as the library gives it, at once or in a promise of its own. */
  get(index: number): unknown;
  /** Visits records in order, all or until the synchronous visitor returns false. */
  scan(visit: Visit): Promise<void>;
  /** The same by the arrays that the library reads in, where it has them beside an iterator. */
  scanBlocks?(visit: Visit): Promise<void>;
  count(): number | Promise<number>;
  /** What the store itself says its last recovery took: scan and cut of the tail, and the syncs. */
  recovery?(): Recovery;

  /** What the store itself says its last recovery took. */
  recoveryMs?(): number;
  /** A way in for another thread; only ours has that. */
  producer?(): ProducerHandle;
  /** Rejects when the store, asked to check every byte, finds damage. Only where it can check itself. */
  verify?(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** The shape of the records to come, made known to the store first when it can use that. */
  readonly shape?: MessageShape;
  /** Nothing can be learned from one record about the next: a store that shares structures between them is not to. */
  readonly unlike?: boolean;
  /** So few records are about to come that segments must be small for several of them to be crossed. */
  readonly slow?: boolean;
  /** Bytes about to come, for a store that writes its file ahead. */
  readonly expectedBytes?: number;
  readonly readOnly?: boolean;
}

export interface StoreKind {
  /** As in the tables. */
  readonly label: string;
  /** Whether it counts when the best peer is looked for. */
  readonly role: 'ours' | 'peer' | 'limit';
  /** The package in bench/peers that it needs. */
  readonly needs?: string;
  /** As in the tables when records are handed over in batches; the same as the label when absent. */
  readonly batches?: string;
  /** As in the tables when records are posted without a promise each; absent when the library has no such form. */
  readonly posts?: string;
  /** How it is used, one line, for the report. */
  readonly how: string;
  /** Loads the library, so that `open` can be timed without it. */
  load?(): unknown;
  open(folder: string, options: OpenOptions): Promise<Store>;
  footprint(folder: string, records: number): Footprint | Promise<Footprint>;
}
