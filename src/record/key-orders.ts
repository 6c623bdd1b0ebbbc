/**
 * Remembers the orders in which objects have their keys, as a tree with a key on each edge, so that a walk over an
 * object's keys ends at what is known about that order: the shapes that fit it, and how often it was seen without one.
 * The tree has a limit, which grows only as long as what it remembers is met again. When it is reached (objects used as
 * dictionaries) all but the known shapes is forgotten, and nothing new is remembered for a while that doubles each time.
 */
import type { Variant } from './frame-writer.js';

/** What is known about one order of keys. */
export interface KeyOrder {
  readonly keys: readonly string[];
  /** Ways to write objects with exactly these keys, by registered shapes first. */
  readonly variants: Variant[];
  /** How often no variant was found to fit; −1 once a variant that always fits was made. */
  seen: number;
}

interface Node {
  readonly depth: number;
  /** Made for the second child: until then the last one is the only one. */
  children: Map<string, Node> | undefined;
  /** The child that was visited last. */
  lastKey: string | undefined;
  lastChild: Node | undefined;
  order: KeyOrder | undefined;
}

/** An object with more keys than this is taken for a dictionary. */
const LEARN_FIELDS_MAX = 64;
/** Nodes of the tree, about 200 bytes each: at first, and at most. */
const NODES_MIN = 1024;
const NODES_MAX = 16_384;
/** The first and the longest pause of remembering, in objects. */
const PAUSE_MIN = 4096;
const PAUSE_MAX = 2 ** 22;

const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

export class KeyOrders {
  /** Gives the variants of an order that is met for the first time. */
  readonly #variantsOf: (keys: readonly string[]) => Variant[];
  #root: Node = makeNode(0);
  readonly #planted: (readonly string[])[] = [];
  #nodes = 0;
  #nodesMax = NODES_MIN;
  /** How often a remembered order was met again since the limit was last reached. */
  #hits = 0;
  #pause = 0;
  #pauseNext = PAUSE_MIN;

  constructor(variantsOf: (keys: readonly string[]) => Variant[]) {
    this.#variantsOf = variantsOf;
  }

  /** Remembers this order for good, whatever its length. */
  plant(keys: readonly string[]): void {
    this.#planted.push(keys);
    this.#plant(keys);
  }

  /** Forgets all but the planted orders, so that each order is met for the first time again. */
  forget(): void {
    this.#root = makeNode(0);
    this.#nodes = 0;
    for (const keys of this.#planted) this.#plant(keys);
  }

  #plant(keys: readonly string[]): void {
    let node = this.#root;
    for (const key of keys) {
      const known = node.lastKey === key ? node.lastChild : node.children?.get(key);
      node = known ?? addChild(node, key);
    }
  }

  /** What is known about the order of this plain object's keys; undefined for those that are not remembered. */
  find(value: object): KeyOrder | undefined {
    if (this.#pause > 0) this.#pause -= 1;
    let node = this.#root;
    for (const key in value) {
      if (node.lastKey === key) {
        node = node.lastChild!;
        continue;
      }
      const child = node.children?.get(key) ?? this.#grow(node, key);
      if (child === undefined) return undefined;
      node.lastKey = key;
      node.lastChild = child;
      node = child;
    }
    if (node.order !== undefined) {
      this.#hits += 1;
      return node.order;
    }
    if (node.depth === 0) return undefined;
    const keys = Object.keys(value);
    if (keys.length !== node.depth) return undefined;
    node.order = { keys, variants: this.#variantsOf(keys), seen: 0 };
    return node.order;
  }

  #grow(node: Node, key: string): Node | undefined {
    if (this.#pause > 0 || node.depth >= LEARN_FIELDS_MAX || key === '__proto__' || INTEGER_LIKE.test(key))
      return undefined;
    if (this.#nodes >= this.#nodesMax) {
      const pays = this.#hits > this.#nodes;
      this.#hits = 0;
      if (pays && this.#nodesMax < NODES_MAX) {
        this.#nodesMax *= 2;
        return this.#grow(node, key);
      }
      this.forget();
      this.#nodesMax = NODES_MIN;
      this.#pause = this.#pauseNext;
      this.#pauseNext = Math.min(this.#pauseNext * 2, PAUSE_MAX);
      return undefined;
    }
    this.#nodes += 1;
    return addChild(node, key);
  }
}

function makeNode(depth: number): Node {
  return { depth, children: undefined, lastKey: undefined, lastChild: undefined, order: undefined };
}

function addChild(node: Node, key: string): Node {
  const child = makeNode(node.depth + 1);
  if (node.lastKey === undefined) {
    node.lastKey = key;
    node.lastChild = child;
    return child;
  }
  node.children ??= new Map([[node.lastKey, node.lastChild!]]);
  node.children.set(key, child);
  return child;
}
