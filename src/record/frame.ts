/**
 * The frame: what a record looks like in a ring and in the log. A frame is a little-endian word, a shape id when the
 * record is shaped, and the payload, without padding:
 *
 *     u32  word      bits 0–24 payload bytes (at most 2^24), 25–28 priority, 29–30 kind
 *     u16  shape id  only when kind is SHAPED
 *     u8[] payload   one MessagePack value
 */
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';

/** A payload is one self-contained MessagePack value. */
export const PLAIN = 0;
/** A payload is a MessagePack array in the field order of the shape whose id is in the frame. */
export const SHAPED = 1;
/** A payload is `[id, name | null, [field names], [field types]]`. */
export const DEFINITION = 2;

/** The word before a payload, in bytes. */
export const WORD_BYTES = 4;
/** The shape id after the word of a shaped frame, in bytes. */
export const SHAPE_ID_BYTES = 2;
/** The largest payload, in bytes. */
export const PAYLOAD_BYTES_MAX = 2 ** 24;
/** The lowest priority; 0 is the most urgent. */
const PRIORITY_MAX = 9;

/** The word of a frame. */
export function frameWord(payloadBytes: number, pr: number, kind: number): number {
  return payloadBytes | (pr << 25) | (kind << 29);
}

/** Throws E_ARGUMENT unless `pr` is an integer from 0 to 9. */
export function assertPriority(pr: number): void {
  if (!(Number.isInteger(pr) && pr >= 0 && pr <= PRIORITY_MAX))
    throw new LtlError(
      'E_ARGUMENT',
      `pr must be an integer from 0 (urgent) to ${PRIORITY_MAX} (slow), not ${shown(pr)}`,
    );
}
