/**
 * Turns values into frames, in place: in a ring over shared memory, or in any other buffer. One encoder belongs to one
 * producer and one thread. It keeps the shapes it knows, learns new ones from key orders that repeat, and hands out
 * their definitions, which must be in the log before the first record that uses them: a shape is used only after its
 * definition was taken.
 *
 * What is stored of an object: its own enumerable string keys. Properties that cannot be enumerated are ignored, an own
 * symbol is refused, an object without a prototype comes back as an ordinary one, a getter is read and its value
 * stored. Two gaps are deliberate, since the search would cost as much as the record: symbols are not looked for in an
 * object whose string keys are in a known order, nor named properties in an array of more than 64 items.
 */
import { LtlError } from '../words/errors.js';
import { definitionFrame } from './definition.js';
import { findFault, unencodable } from './explain.js';
import { assertPriority, frameWord, PAYLOAD_BYTES_MAX, PLAIN, WORD_BYTES } from './frame.js';
import { MAP_FIELDS_MAX, mapVariant, shapedVariant, type Variant } from './frame-writer.js';
import { mayGenerateCode } from './generate.js';
import { type KeyOrder, KeyOrders } from './key-orders.js';
import { misfit } from './misfit.js';
import { type FieldType, readShape, type ShapeDefinition, sameShape } from './shape.js';
import { writeValue } from './write.js';
import { MISFIT, OVERFLOW, UNENCODABLE } from './write-scalar.js';

/** A place to write: `view` covers the same memory as `bytes`, and nothing is written at or beyond `limit`. */
export interface EncodeTarget {
  bytes: Uint8Array;
  view: DataView;
  position: number;
  limit: number;
}

export interface EncoderOptions {
  /** Gives a shape id that no other producer of the log uses, 1..65535, or 0 when none is left. */
  readonly allocateShapeId: () => number;
  /** The shapes that are in the log already. */
  readonly shapes?: readonly ShapeDefinition[];
  /** A key order is learned after this many objects had it. */
  readonly learnAfter?: number;
  /** At most this many shapes are learned; 0 turns learning off. */
  readonly learnMax?: number;
  /** False makes closures instead of generated functions, as where code from strings is disallowed. */
  readonly generate?: boolean;
}

interface Pending {
  readonly definition: ShapeDefinition;
  readonly order: KeyOrder | null;
}

const LEARN_AFTER = 8;
const LEARN_MAX = 1024;
/** At most so many key orders without a shape get a generated writer. */
const MAPS_MAX = 1024;
/** Sizes of the buffer that is used when a record may not fit its target, the last enough for any record. */
const SCRATCH_BYTES = [2 ** 16, 2 ** 20, PAYLOAD_BYTES_MAX + 2 ** 14] as const;
/** A larger scratch buffer is given back after use. */
const SCRATCH_KEPT_BYTES = 2 ** 20;

export class RecordEncoder {
  /** True when takeDefinitions() has something to give. */
  hasDefinitions = false;
  /** After encode() returned −1: the bytes that the frame needs. */
  bytesNeeded = 0;

  readonly #allocateShapeId: () => number;
  readonly #learnAfter: number;
  #learnsLeft: number;
  #mapsLeft = MAPS_MAX;
  readonly #mayGenerate: boolean;
  readonly #orders = new KeyOrders((keys) => this.#variantsOf(keys));
  /** The shapes in use: those whose definition was taken. */
  readonly #named = new Map<string, Variant>();
  readonly #byKeySet = new Map<string, ShapeDefinition[]>();
  readonly #byKeyOrder = new Map<string, Variant>();
  /** All registered shapes, taken or not. */
  readonly #registered = new Map<string, ShapeDefinition>();
  #pending: Pending[] = [];
  #last: Variant | undefined;
  #scratch: EncodeTarget = makeTarget(SCRATCH_BYTES[0]);
  #busy = false;

  constructor(options: EncoderOptions) {
    this.#allocateShapeId = options.allocateShapeId;
    this.#learnAfter = options.learnAfter ?? LEARN_AFTER;
    this.#learnsLeft = options.learnMax ?? LEARN_MAX;
    this.#mayGenerate = options.generate ?? mayGenerateCode();
    for (const definition of options.shapes ?? []) {
      if (definition.name !== null) this.#registered.set(definition.name, definition);
      this.#use(definition);
    }
  }

  /** True while a value is read: what its getters and proxies call finds the place that it is written to taken. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Throws E_UNENCODABLE while a value is read. */
  assertIdle(): void {
    if (this.#busy) throw new LtlError('E_UNENCODABLE', '$: a getter or proxy appended while it was being encoded');
  }

  /**
   * Encodes one frame at `target.position` and returns the place after it, or −1 when it does not fit before
   * `target.limit`. The target's position is the caller's to move; the bytes between position and limit may have been
   * scribbled on, whatever is returned or thrown. With `message` the value must fit that registered shape.
   * Throws E_UNENCODABLE (`details.path`), E_TOO_LARGE, E_MISFIT (`details.field`), E_ARGUMENT.
   */
  encode(target: EncodeTarget, value: unknown, pr: number, message?: string): number {
    this.assertIdle();
    if (!(typeof pr === 'number' && pr >= 0 && pr <= 9 && (pr | 0) === pr)) assertPriority(pr);
    this.#busy = true;
    try {
      const end = this.#encodeAt(target, target.position, target.limit, value, pr, message);
      if (end > 0) return end;
      if (end === UNENCODABLE) throw unencodable(value);
      return this.#encodeApart(target, value, pr, message);
    } catch (error) {
      if (error instanceof LtlError) throw error;
      throw unencodable(value, error);
    } finally {
      this.#busy = false;
    }
  }

  /** The frames of the definitions that must be in the log before the next record; from now on their shapes are used. */
  takeDefinitions(): Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    this.hasDefinitions = false;
    for (const { definition, order } of taken) {
      const variant = this.#use(definition);
      if (order !== null) {
        order.variants.push(variant);
        continue;
      }
      // A registered shape goes before one that was learned from the same keys.
      this.#orders.forget();
      this.#last = undefined;
    }
    return taken.map(({ definition }) => definitionFrame(definition));
  }

  /**
   * Registers a shape under a name. The same name with an equal shape gives the same definition again; with another
   * shape it throws E_SHAPE. E_LIMIT when no shape id is left.
   */
  registerMessage(name: string, shape: Readonly<Record<string, FieldType>>): ShapeDefinition {
    const [fields, types] = readShape(name, shape);
    const known = this.#registered.get(name);
    if (known !== undefined) {
      if (sameShape(known, fields, types)) return known;
      throw new LtlError('E_SHAPE', `message ${name} is registered already with another shape`);
    }
    const id = this.#allocateShapeId();
    if (id === 0) throw new LtlError('E_LIMIT', 'a log has at most 65535 shapes');
    const definition: ShapeDefinition = { id, name, fields, types };
    this.#registered.set(name, definition);
    this.#announce({ definition, order: null });
    return definition;
  }

  #announce(pending: Pending): void {
    this.#pending.push(pending);
    this.hasDefinitions = true;
  }

  /** Takes a shape whose definition is in the log into use. */
  #use(definition: ShapeDefinition): Variant {
    const variant = shapedVariant(definition, definition.fields, this.#mayGenerate);
    if (definition.name === null) {
      this.#byKeyOrder.set(JSON.stringify(definition.fields), variant);
    } else {
      const keySet = keySetOf(definition.fields);
      this.#byKeySet.set(keySet, [...(this.#byKeySet.get(keySet) ?? []), definition]);
      this.#named.set(definition.name, variant);
      this.#orders.plant(definition.fields);
    }
    return variant;
  }

  #variantsOf(keys: readonly string[]): Variant[] {
    const learned = this.#byKeyOrder.size === 0 ? undefined : this.#byKeyOrder.get(JSON.stringify(keys));
    const definitions = this.#byKeySet.size === 0 ? [] : (this.#byKeySet.get(keySetOf(keys)) ?? []);
    const registered = definitions.map((definition) => shapedVariant(definition, keys, this.#mayGenerate));
    return learned === undefined ? registered : [...registered, learned];
  }

  /** Returns the place after the frame, OVERFLOW or UNENCODABLE. */
  #encodeAt(target: EncodeTarget, at: number, limit: number, value: unknown, pr: number, message?: string): number {
    if (message !== undefined) return this.#encodeMessage(target, at, limit, value, pr, message);
    if (typeof value !== 'object' || value === null) return encodePlain(target, at, limit, value, pr);
    const last = this.#last;
    if (last !== undefined) {
      const end = last.write(value, target.bytes, target.view, at, limit, pr);
      if (end !== MISFIT) return end;
    }
    return this.#encodeByOrder(target, at, limit, value, pr);
  }

  #encodeByOrder(target: EncodeTarget, at: number, limit: number, value: object, pr: number): number {
    if (Object.getPrototypeOf(value) !== Object.prototype) return encodePlain(target, at, limit, value, pr);
    const order = this.#orders.find(value);
    if (order === undefined) return encodePlain(target, at, limit, value, pr);
    const end = this.#encodeVariant(order.variants, target, at, limit, value, pr);
    if (end !== MISFIT) return end;
    const plainEnd = encodePlain(target, at, limit, value, pr);
    if (plainEnd > 0 && order.seen >= 0) this.#learn(order);
    return plainEnd;
  }

  #encodeVariant(
    variants: readonly Variant[],
    target: EncodeTarget,
    at: number,
    limit: number,
    value: object,
    pr: number,
  ): number {
    for (const variant of variants) {
      const end = variant.write(value, target.bytes, target.view, at, limit, pr);
      if (end === MISFIT) continue;
      this.#last = variant;
      return end;
    }
    return MISFIT;
  }

  #learn(order: KeyOrder): void {
    order.seen += 1;
    if (order.seen < this.#learnAfter) return;
    order.seen = -1;
    const id = this.#learnsLeft > 0 ? this.#allocateShapeId() : 0;
    if (id > 0) {
      this.#learnsLeft -= 1;
      const types = order.keys.map((): FieldType => 'any');
      this.#announce({ definition: { id, name: null, fields: order.keys, types }, order });
    } else if (this.#mapsLeft > 0 && order.keys.length <= MAP_FIELDS_MAX && this.#mayGenerate) {
      this.#mapsLeft -= 1;
      order.variants.push(mapVariant(order.keys));
    }
  }

  #encodeMessage(target: EncodeTarget, at: number, limit: number, value: unknown, pr: number, name: string): number {
    const definition = this.#registered.get(name);
    if (definition === undefined) throw new LtlError('E_ARGUMENT', `no message is registered as ${name}`);
    if (typeof value === 'object' && value !== null) {
      const variants = [this.#named.get(name)].filter((variant) => variant !== undefined);
      const end = this.#encodeVariant(variants, target, at, limit, value, pr);
      if (end !== MISFIT) return end;
    }
    const fault = misfit(definition, value);
    if (fault !== null)
      throw new LtlError('E_MISFIT', `${name}: ${fault.reason}`, { details: { message: name, field: fault.field } });
    const permuted = this.#orders.find(value as object)?.variants ?? [];
    const same = permuted.filter((variant) => variant.definition === definition);
    const end = this.#encodeVariant(same, target, at, limit, value as object, pr);
    // A shape whose definition is still to be taken, or an order that is not remembered: stored as a map.
    return end === MISFIT ? encodePlain(target, at, limit, value, pr) : end;
  }

  /** Encodes into a buffer of its own, for an exact answer whether the frame fits. */
  #encodeApart(target: EncodeTarget, value: unknown, pr: number, message?: string): number {
    for (const bytes of SCRATCH_BYTES) {
      if (bytes > this.#scratch.bytes.length) this.#scratch = makeTarget(bytes);
      const scratch = this.#scratch;
      const end = this.#encodeAt(scratch, 0, scratch.bytes.length, value, pr, message);
      if (end === UNENCODABLE) throw unencodable(value);
      if (end === OVERFLOW) continue;
      if (scratch.bytes.length > SCRATCH_KEPT_BYTES) this.#scratch = makeTarget(SCRATCH_BYTES[0]);
      this.bytesNeeded = end;
      if (target.position + end > target.limit) return -1;
      target.bytes.set(scratch.bytes.subarray(0, end), target.position);
      return target.position + end;
    }
    this.#scratch = makeTarget(SCRATCH_BYTES[0]);
    throw tooLarge(value);
  }
}

function encodePlain(target: EncodeTarget, at: number, limit: number, value: unknown, pr: number): number {
  const end = writeValue(target.bytes, target.view, at + WORD_BYTES, limit, value, 0);
  if (end < 0) return end;
  const payloadBytes = end - at - WORD_BYTES;
  if (payloadBytes > PAYLOAD_BYTES_MAX) return OVERFLOW;
  target.view.setUint32(at, frameWord(payloadBytes, pr, PLAIN), true);
  return end;
}

/** A value that is too large and has a fault as well is refused for its fault. */
function tooLarge(value: unknown): LtlError {
  return findFault(value) === null
    ? new LtlError('E_TOO_LARGE', `the record needs more than ${PAYLOAD_BYTES_MAX} bytes`)
    : unencodable(value);
}

function keySetOf(keys: readonly string[]): string {
  return JSON.stringify(keys.toSorted());
}

function makeTarget(bytes: number): EncodeTarget {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer), position: 0, limit: bytes };
}
