/** What waits, by priority: 0 first, and in the order of coming within one. */
const PRIORITIES = 10;

export class PriorityQueue<Item> {
  readonly #lanes: Item[][] = Array.from({ length: PRIORITIES }, () => []);

  push(item: Item, priority: number): void {
    this.#lanes[priority]?.push(item);
  }

  shift(): Item | undefined {
    return this.#lanes.find((lane) => lane.length > 0)?.shift();
  }

  remove(item: Item): void {
    for (const lane of this.#lanes) {
      const at = lane.indexOf(item);
      if (at >= 0) lane.splice(at, 1);
    }
  }
}
