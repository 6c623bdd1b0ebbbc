/**
 * A reference to an actor, bound to the place (thread) where it is held. Cloning one into another thread leaves the
 * property `$ref`, of which the receiving place makes a reference of its own again.
 */
import type { Slot } from '../wire/mailbox.js';
import type { SlotWire } from '../wire/place.js';
import type { ActorRef, AskOptions, Change, Snapshot } from './actor.js';
import type { Place } from './place.js';

/** What a reference becomes in cloning. */
export interface RefWire {
  readonly id: number;
  readonly name: string;
  readonly slot: SlotWire;
}

export class Ref implements ActorRef {
  /** References cloned in this thread so far. One counter for all, because a clone does not say by whom it is made. */
  static cloned = 0;
  readonly #place: Place;
  readonly #slot: Slot;
  readonly #id: number;
  readonly #name: string;

  constructor(place: Place, id: number, name: string, slot: Slot) {
    this.#place = place;
    this.#id = id;
    this.#name = name;
    this.#slot = slot;
    Object.defineProperty(this, '$ref', REF_PROPERTY);
  }

  get id(): number {
    return this.#id;
  }

  get name(): string {
    return this.#name;
  }

  get slot(): Slot {
    return this.#slot;
  }

  send(message: unknown): boolean {
    return this.#place.send(this, message, 0, undefined);
  }

  ask(message: unknown, options?: AskOptions): Promise<unknown> {
    return this.#place.ask(this, message, options ?? {}, undefined);
  }

  room(): Promise<void> {
    return this.#place.room(this);
  }

  stop(): Promise<void> {
    return this.#place.stop(this);
  }

  watch(listener: (change: Change) => void): () => void {
    return this.#place.watch(this, listener);
  }

  snapshot(): Promise<Snapshot> {
    return this.#place.snapshot(this);
  }

  toJSON(): { readonly id: number; readonly name: string } {
    return { id: this.#id, name: this.#name };
  }

  /** Called by structured cloning, through `$ref`. */
  wire(): RefWire {
    Ref.cloned++;
    return { id: this.#id, name: this.#name, slot: { words: this.#slot.words, base: this.#slot.base } };
  }
}

const REF_PROPERTY: PropertyDescriptor = {
  enumerable: true,
  get(this: Ref): RefWire {
    return this.wire();
  },
};

/**
 * Walks a cloned value and puts references where `$ref` says; returns the value, or its replacement. What merely has a
 * property of that name (a JSON schema, say) is left alone. Without recursion, because a message may be as deep as it likes.
 */
export function reviveRefs(value: unknown, make: (wire: RefWire) => Ref): unknown {
  const made = refOrSelf(value, make);
  if (made !== value) return made;
  const seen = new Set<object>();
  const left: object[] = [];
  const visit = (item: unknown): unknown => {
    const revived = refOrSelf(item, make);
    if (revived === item && typeof item === 'object' && item !== null && !ArrayBuffer.isView(item) && !seen.has(item)) {
      seen.add(item);
      left.push(item);
    }
    return revived;
  };
  visit(value);
  for (let next = left.pop(); next !== undefined; next = left.pop()) reviveIn(next, visit);
  return value;
}

function reviveIn(holder: object, visit: (item: unknown) => unknown): void {
  if (holder instanceof Map) {
    const entries = [...holder].map(([key, item]) => [visit(key), visit(item)] as const);
    holder.clear();
    for (const [key, item] of entries) holder.set(key, item);
    return;
  }
  if (holder instanceof Set) {
    const items = [...holder].map(visit);
    holder.clear();
    for (const item of items) holder.add(item);
    return;
  }
  const fields = holder as Record<string, unknown>;
  for (const [key, item] of Object.entries(fields)) {
    const revived = visit(item);
    if (revived !== item) fields[key] = revived;
  }
}

function refOrSelf(value: unknown, make: (wire: RefWire) => Ref): unknown {
  if (typeof value !== 'object' || value === null || !('$ref' in value) || value instanceof Ref) return value;
  return isWire(value.$ref) ? make(value.$ref) : value;
}

function isWire(wire: unknown): wire is RefWire {
  if (typeof wire !== 'object' || wire === null || !('slot' in wire) || !('id' in wire)) return false;
  const slot = wire.slot as Partial<SlotWire> | null;
  return slot?.words instanceof Int32Array && slot.words.buffer instanceof SharedArrayBuffer;
}
