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

/** Walks a cloned value and puts references where `$ref` says; returns the value, or its replacement. */
export function reviveRefs(value: unknown, make: (wire: RefWire) => Ref, seen = new Set<object>()): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return value;
  if ('$ref' in value && !(value instanceof Ref)) return make(value.$ref as RefWire);
  seen.add(value);
  if (value instanceof Map) for (const [key, item] of value) value.set(key, reviveRefs(item, make, seen));
  else if (value instanceof Set) {
    const items = [...value].map((item) => reviveRefs(item, make, seen));
    value.clear();
    for (const item of items) value.add(item);
  } else
    for (const [key, item] of Object.entries(value))
      if (typeof item === 'object' && item !== null)
        (value as Record<string, unknown>)[key] = reviveRefs(item, make, seen);
  return value;
}
