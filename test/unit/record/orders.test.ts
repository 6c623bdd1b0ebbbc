/** What the tree of key orders remembers, and when it stops. */
import { expect, it } from 'vitest';
import { KeyOrders } from '../../../src/record/key-orders.js';

/** Objects of five keys of which no two have the same keys. */
const unlike = (number: number): object => Object.fromEntries([1, 2, 3, 4, 5].map((key) => [`k${number}_${key}`, key]));

function rememberedOf(count: number, object: (number: number) => object): number {
  const orders = new KeyOrders(() => []);
  let remembered = 0;
  for (let number = 0; number < count; number += 1) if (orders.find(object(number)) !== undefined) remembered += 1;
  return remembered;
}

it('objects of which no two are alike are soon given up', () => {
  expect(rememberedOf(20_000, unlike)).toBeLessThan(1000);
});

it('more orders than the first limit holds are all remembered, as long as each is met again and again', () => {
  // Each round meets all orders that came before once more: 500 orders of five keys are 2500 nodes.
  const orders = new KeyOrders(() => []);
  for (let known = 50; known <= 500; known += 50)
    for (let round = 0; round < 10; round += 1)
      for (let number = 0; number < known; number += 1) orders.find(unlike(number));
  for (let number = 0; number < 500; number += 1) expect(orders.find(unlike(number)), String(number)).toBeDefined();
});
