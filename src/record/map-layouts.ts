/**
 * Remembers which keys maps have, to read maps that are alike by a generated function. A map is looked up by its size
 * and the beginning of its first key; the function compares all keys while it reads and gives up at the first other one.
 */
import { type MapReader, makeMapReader } from './generated-reader.js';
import type { Reader } from './read.js';

interface Layout {
  readonly keys: readonly string[];
  /** How often these keys were read one by one. */
  seen: number;
  read: MapReader | undefined;
}

/** A power of two. */
const SLOTS = 256;
const SLOT_SHIFT = 32 - Math.log2(SLOTS);
/** Layouts that are tried in turn, for maps that begin alike. */
const LAYOUTS_MAX = 4;
/** Larger maps are taken for dictionaries. */
const KEYS_MAX = 32;
const MAKE_AFTER = 8;
/** At most so many functions are made. */
const MAKES_MAX = 1024;
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

export class MapLayouts {
  readonly #slots: (Layout[] | undefined)[] = new Array<Layout[] | undefined>(SLOTS).fill(undefined);
  #makesLeft: number;

  constructor(mayGenerate: boolean) {
    this.#makesLeft = mayGenerate ? MAKES_MAX : 0;
  }

  /** The slot of a map of that size, by the first four bytes of its first key; −1 when it is not remembered. */
  slotOf(count: number, word: number): number {
    if (count > KEYS_MAX) return -1;
    // In a key shorter than three bytes its value begins.
    const length = word >>> 24 >= 0xa0 && word >>> 24 < 0xa3 ? (word >>> 24) & 3 : 3;
    const key = word & (-1 << (8 * (3 - length)));
    return Math.imul(key ^ Math.imul(count, 0x27d4eb2f), 0x9e3779b1) >>> SLOT_SHIFT;
  }

  /** The map behind the reader's position, if it has known keys; otherwise the reader stays where it is. */
  read(slot: number, count: number, reader: Reader, depth: number): Record<string, unknown> | undefined {
    const layouts = this.#slots[slot];
    if (layouts === undefined) return undefined;
    for (const { keys, read } of layouts) {
      // Maps of another size may share the slot, and begin with the same keys.
      if (read === undefined || keys.length !== count) continue;
      const map = read(reader, depth);
      if (map !== undefined) return map;
    }
    return undefined;
  }

  /** Tells that a map of `count` entries in that slot had to be read one by one. */
  note(slot: number, map: object, count: number): void {
    if (this.#makesLeft === 0) return;
    const layouts = (this.#slots[slot] ??= []);
    const known = layouts.find(({ keys }) => sameKeys(keys, map));
    if (known === undefined) {
      const keys = Object.keys(map);
      if (keys.length !== count || keys.some((key) => INTEGER_LIKE.test(key))) return;
      if (layouts.length >= LAYOUTS_MAX) forgetOne(layouts);
      if (layouts.length < LAYOUTS_MAX) layouts.push({ keys, seen: 1, read: undefined });
      return;
    }
    known.seen += 1;
    if (known.seen < MAKE_AFTER || known.read !== undefined) return;
    this.#makesLeft -= 1;
    known.read = makeMapReader(known.keys);
  }
}

/** The oldest of those without a function. */
function forgetOne(layouts: Layout[]): void {
  const index = layouts.findIndex(({ read }) => read === undefined);
  if (index >= 0) layouts.splice(index, 1);
}

function sameKeys(keys: readonly string[], map: object): boolean {
  let index = 0;
  for (const key in map) {
    if (key !== keys[index]) return false;
    index += 1;
  }
  return index === keys.length;
}
