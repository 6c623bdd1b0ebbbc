/** CRC-32 (ISO-HDLC, as in gzip and PNG), from Node's own zlib. */
import { crc32 as nodeCrc32 } from 'node:zlib';

/** The CRC-32 of the bytes, continued from `seed`: crc32(b, crc32(a)) is that of a and b together. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return nodeCrc32(bytes, seed);
}
