/**
 * Turns the payloads of frames back into values. It must have met a shape's definition before the first record of
 * that shape. One decoder belongs to one thread. What it returns is fresh and shares no memory with the buffer.
 */
import { LtlError } from '../words/errors.js';
import { PLAIN, SHAPED } from './frame.js';
import { mayGenerateCode } from './generate.js';
import { makeShapeReader, type ShapeReader } from './generated-reader.js';
import { Reader } from './read.js';
import { definitionFrom, type ShapeDefinition } from './shape.js';

export class RecordDecoder {
  readonly #reader: Reader;
  readonly #shapes: (ShapeReader | undefined)[] = [];
  readonly #mayGenerate: boolean;

  /** `generate: false` makes closures instead of generated functions, as where code from strings is disallowed. */
  constructor(options: { readonly generate?: boolean } = {}) {
    this.#mayGenerate = options.generate ?? mayGenerateCode();
    this.#reader = new Reader(this.#mayGenerate);
  }

  /** Decodes the payload of a definition frame and remembers the shape; E_DAMAGED when it is none. */
  defineFrom(payload: Uint8Array): ShapeDefinition {
    const definition = definitionFrom(this.decode(payload, 0, payload.length, PLAIN, 0));
    if (typeof definition === 'string') throw new LtlError('E_DAMAGED', `shape definition: ${definition}`);
    this.define(definition);
    return definition;
  }

  /** Remembers a shape; a later definition of the same id takes its place. */
  define(definition: ShapeDefinition): void {
    this.#shapes[definition.id] = makeShapeReader(definition, this.#mayGenerate);
  }

  /**
   * For a scan: promises that these bytes do not change until the next call, null included, which makes decoding their
   * longer strings several times quicker. Such a string keeps up to 4 KiB around it alive.
   */
  steady(bytes: Uint8Array | null): void {
    this.#reader.texts.steady(bytes);
  }

  /**
   * The value in `bytes[start, end)`, the payload of a frame of that kind and shape id.
   * Throws E_DAMAGED (`details.offset`) when the bytes are no such value or the shape is not known.
   */
  decode(bytes: Uint8Array, start: number, end: number, kind: number, shapeId: number): unknown {
    const reader = this.#reader;
    reader.aim(bytes, start, end);
    const value = kind === SHAPED ? this.#shaped(reader, shapeId) : reader.value(0);
    if (reader.position !== end) throw reader.damage(`${end - reader.position} bytes follow the value`);
    return value;
  }

  #shaped(reader: Reader, shapeId: number): Record<string, unknown> {
    const read = this.#shapes[shapeId];
    if (read === undefined) throw reader.damage(`shape ${shapeId} was never defined`);
    return read(reader);
  }
}
