/**
 * What the demo appends: a file or stdin, a string a line; or, when none is named, what every copy of this package has,
 * its lock file's entries and its source lines, as objects, repeated until it is worth measuring (and it says so).
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from './command.js';
import { type Input, openInput } from './input.js';
import { lineBlocks } from './lines.js';
import { grouped } from './numbers.js';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const RECORDS_MIN = 200_000;
/** Records of one block. */
export const BLOCK_RECORDS = 1024;
/** Small inputs are cut small, so that they have a middle. */
const SMALL_CUTS = 16;

/** A record as text: what the checksum is of. */
export const textOf = (record: unknown): string => (typeof record === 'string' ? record : JSON.stringify(record));

export interface DemoBlock {
  readonly records: readonly unknown[];
  /** The same as text, for a checksum. */
  readonly texts: readonly string[];
  /** How much of the input this and all before it are, from 0 to 1; null where nobody knows. */
  readonly share: number | null;
}

export interface DemoQuery {
  readonly field: string;
  readonly value: string;
}

export interface DemoInput {
  /** One sentence on what it is. */
  readonly about: string;
  readonly blocks: AsyncIterable<DemoBlock>;
  /** A field and value that some of the records have, to query for; null for lines of text. */
  readonly query: DemoQuery | null;
  readonly stop: () => void;
}

/** The input that the operand names, or this package itself. Throws E_NO_INPUT. */
export async function demoInput(operand: string | undefined, io: Io): Promise<DemoInput> {
  if (operand === undefined) return ownInput();
  const input = await openInput(operand, io);
  return {
    about: `the lines of ${input.name}, each a string`,
    blocks: fileBlocks(input),
    query: null,
    stop: input.stop,
  };
}

async function* fileBlocks({ chunks, sizeBytes }: Input): AsyncGenerator<DemoBlock> {
  const source = lineBlocks(chunks);
  let before = 0;
  let here = await source.next();
  while (here.done !== true) {
    // One ahead, so that an input of unknown size that is short has a known one.
    const after = await source.next();
    const { lines, bytesRead } = here.value;
    const total = sizeBytes ?? (before === 0 && after.done === true ? bytesRead : null);
    const size = Math.max(1, Math.min(BLOCK_RECORDS, Math.ceil(lines.length / SMALL_CUTS)));
    for (let at = 0; at < lines.length; at += size) {
      const records = lines.slice(at, at + size);
      const done = before + ((bytesRead - before) * (at + records.length)) / lines.length;
      yield { records, texts: records, share: total === null ? null : Math.min(1, done / Math.max(1, total)) };
    }
    before = bytesRead;
    here = after;
  }
}

function ownInput(): DemoInput {
  const entries = lockEntries();
  const lines = sourceLines();
  const once: object[] = [...entries, ...lines];
  // Made once, so that the checksum costs little while appends are measured.
  const onceAsText = once.map(textOf);
  const times = Math.ceil(RECORDS_MIN / once.length);
  let stopped = false;
  async function* blocks(): AsyncGenerator<DemoBlock> {
    for (let time = 0; time < times; time += 1) {
      for (let at = 0; at < once.length && !stopped; at += BLOCK_RECORDS) {
        const records = once.slice(at, at + BLOCK_RECORDS);
        const texts = onceAsText.slice(at, at + BLOCK_RECORDS);
        yield { records, texts, share: (time + (at + records.length) / once.length) / times };
      }
    }
  }
  const parts = entries.length === 0 ? [] : [`${grouped(entries.length)} entries of the lock file`];
  parts.push(`${grouped(lines.length)} source lines of this package`);
  return {
    about: `${parts.join(' and ')}, as objects, ${times} times over`,
    blocks: blocks(),
    query: { field: 'file', value: lines[0]?.file ?? '' },
    stop: () => {
      stopped = true;
    },
  };
}

interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Lines of the sources in a checkout, of the compiled files in an installed package. */
function sourceLines(): SourceLine[] {
  const folder = ['src', 'dist/src'].find((name) => fs.existsSync(path.join(PACKAGE, name))) ?? '.';
  const files = fs
    .readdirSync(path.join(PACKAGE, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .sort();
  return files.flatMap((name) => {
    const file = path.join(folder, name).replaceAll('\\', '/');
    const text = fs.readFileSync(path.join(PACKAGE, file), 'utf8');
    return text.split('\n').map((content, index) => ({ file, line: index + 1, text: content }));
  });
}

/** Entries of the lock file as plain objects; none in an installed package. */
function lockEntries(): object[] {
  const file = path.join(PACKAGE, 'package-lock.json');
  if (!fs.existsSync(file)) return [];
  const lock = JSON.parse(fs.readFileSync(file, 'utf8')) as { packages?: Record<string, object> };
  return Object.entries(lock.packages ?? {}).map(([name, entry]) => ({ package: name, ...entry }));
}
