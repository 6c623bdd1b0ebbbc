/**
 * A shape definition as a frame. Definitions are rare and small, so they go through msgpackr; records have writers of their
 * own. The import is of the packer alone, which loads in a few milliseconds and brings no native code.
 */
import { Packr } from 'msgpackr/pack';
import { LtlError } from '../words/errors.js';
import { DEFINITION, frameWord, PAYLOAD_BYTES_MAX, WORD_BYTES } from './frame.js';
import type { ShapeDefinition } from './shape.js';

/** Plain MessagePack: no record structures of msgpackr's own, which only it could read. */
const packr = new Packr({ useRecords: false });

/** The whole frame of a definition: `[id, name | null, [fields], [types]]`. Throws E_TOO_LARGE. */
export function definitionFrame({ id, name, fields, types }: ShapeDefinition): Uint8Array {
  // The packer's buffer is its own and is used again: the payload is copied out of it.
  const payload = packr.pack([id, name, fields, types]);
  if (payload.length > PAYLOAD_BYTES_MAX)
    throw new LtlError('E_TOO_LARGE', 'a shape definition needs more than 16 MiB');
  const frame = new Uint8Array(WORD_BYTES + payload.length);
  new DataView(frame.buffer).setUint32(0, frameWord(payload.length, 0, DEFINITION), true);
  frame.set(payload, WORD_BYTES);
  return frame;
}
