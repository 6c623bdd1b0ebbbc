/**
 * Turns the payloads of frames back into values. It must have met a shape's definition before the first record of
 * that shape. One decoder belongs to one thread; what it returns is fresh and keeps no part of the buffer alive.
 */
import { LtlError } from '../words/errors.js';
import { PLAIN, SHAPED } from './frame.js';
import { Reader } from './read.js';
import { definitionFrom, type ShapeDefinition } from './shape.js';

export class RecordDecoder {
  readonly #reader = new Reader();
  readonly #shapes: (ShapeDefinition | undefined)[] = [];

  /** Decodes the payload of a definition frame and remembers the shape. */
  defineFrom(payload: Uint8Array): ShapeDefinition {
    const definition = definitionFrom(this.decode(payload, 0, payload.length, PLAIN, 0));
    if (typeof definition === 'string') throw new LtlError('E_DAMAGED', `shape definition: ${definition}`);
    this.define(definition);
    return definition;
  }

  /** Remembers a shape; a later definition of the same id takes its place. */
  define(definition: ShapeDefinition): void {
    this.#shapes[definition.id] = definition;
  }

  /**
   * The value in `bytes[start, end)`, the payload of a frame of that kind and shape id.
   * Throws E_DAMAGED (`details.offset`) when the bytes are no such value or the shape is not known.
   */
  decode(bytes: Uint8Array, start: number, end: number, kind: number, shapeId: number): unknown {
    const reader = this.#reader;
    reader.aim(bytes, start, end);
    const value = kind === SHAPED ? this.#shaped(reader, shapeId) : reader.value(0);
    reader.finish();
    return value;
  }

  #shaped(reader: Reader, shapeId: number): Record<string, unknown> {
    const shape = this.#shapes[shapeId];
    if (shape === undefined) throw reader.damage(`shape ${shapeId} was never defined`);
    const { fields } = shape;
    if (reader.arrayLength() !== fields.length) throw reader.damage(`not an array of the ${fields.length} fields`);
    const map: Record<string, unknown> = {};
    for (const field of fields) map[field] = reader.value(1);
    return map;
  }
}
