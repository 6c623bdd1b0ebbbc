/** The time of records: stamped with each group, and never decreasing, whatever is done to the clock. */
import { afterEach, expect, it } from 'vitest';
import { symDATA } from '../../../src/words/symbols.js';
import { TestStore } from '../lookup/store.js';

const stores: TestStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0).reverse()) store.close();
});

async function times(store: TestStore): Promise<number[]> {
  const found: number[] = [];
  for await (const { timeMs } of store.queries().range(symDATA)) found.push(timeMs);
  return found;
}

it('does not decrease when the clock is set back, nor in the next life, nor in a new segment', async () => {
  const store = new TestStore();
  stores.push(store);
  store.append(['a', 'b'], 2000);
  store.append(['c'], 500);
  const again = new TestStore({ root: store.paths.root });
  stores.push(again);
  again.append(['d'], 1000);
  again.append(['x'.repeat(20_000)], 1500);
  again.append(['e'], 1999);
  expect(again.board.tail().segmentId).toBeGreaterThan(1);
  expect(await times(again)).toEqual([2000, 2000, 2000, 2000, 2000, 2000]);
  again.append(['f'], 2001);
  expect((await times(again)).at(-1)).toBe(2001);
});
