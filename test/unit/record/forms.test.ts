/** Checksums by known vectors, and the JSON form of the command line. */
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/record/checksum.js';
import { fromJson, toJson } from '../../../src/record/json.js';

describe('crc32', () => {
  it('gives the known values', () => {
    expect(crc32(Buffer.from(''))).toBe(0);
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32(Buffer.from('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339);
    expect(crc32(new Uint8Array(32))).toBe(0x190a55ad);
    expect(crc32(new Uint8Array(32).fill(0xff))).toBe(0xff6cab0b);
  });

  it('goes on from a seed, over views and over shared memory', () => {
    const bytes = Buffer.from('..123456789..');
    const shared = new Uint8Array(new SharedArrayBuffer(20), 3, 9);
    shared.set(bytes.subarray(2, 11));
    expect(crc32(shared)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(6, 11), crc32(bytes.subarray(2, 6)))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 9))).toBe(0xcbf43926);
  });
});

describe('the JSON form', () => {
  it('writes bigints as digits, bytes as base64 and dates as ISO text', () => {
    const given = { n: 5n, b: new Uint8Array([1, 2, 255]), d: new Date(0), list: [-1n, null, 'x', true, 1.5], o: {} };
    expect(JSON.stringify(toJson(given))).toBe(
      '{"n":"5","b":{"$bytes":"AQL/"},"d":"1970-01-01T00:00:00.000Z","list":["-1",null,"x",true,1.5],"o":{}}',
    );
  });

  it('gives bytes back, and everything that JSON has', () => {
    const given = { b: new Uint8Array([1, 2, 255]), list: [null, 'x', { c: new Uint8Array(0) }], $bytes: 1 };
    expect(fromJson(JSON.parse(JSON.stringify(toJson(given))))).toStrictEqual(given);
    expect(fromJson(JSON.parse('{"$bytes":"AQ==","more":1}'))).toStrictEqual({ $bytes: 'AQ==', more: 1 });
  });

  it('keeps a __proto__ key an own key, for the encoder to refuse', () => {
    expect(Object.keys(fromJson(JSON.parse('{"__proto__":{"a":1}}')) as object)).toEqual(['__proto__']);
  });
});
