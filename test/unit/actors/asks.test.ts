/** Asks leave nothing behind, however they end and however many there were. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Asks } from '../../../src/actors/asks.js';
import { type Clock, type Timer, VirtualClock } from '../../../src/ports/clock.js';

/** A virtual clock that knows how many timers are pending. */
class CountingClock implements Clock {
  readonly #clock = new VirtualClock();
  readonly pending = new Set<object>();

  nowMs(): number {
    return this.#clock.nowMs();
  }

  after(delayMs: number, fire: () => void): Timer {
    const one = {};
    this.pending.add(one);
    const timer = this.#clock.after(delayMs, () => {
      this.pending.delete(one);
      fire();
    });
    return {
      ...timer,
      cancel: () => {
        this.pending.delete(one);
        timer.cancel();
      },
    };
  }

  advance(byMs: number): void {
    this.#clock.advance(byMs);
  }
}

describe('a hundred thousand asks', () => {
  it('that are answered, fail, time out or abort leave no entry, no timer of their own and no listener', async () => {
    const clock = new CountingClock();
    const givenUp: number[] = [];
    const asks = new Asks(clock, (ask) => givenUp.push(ask));
    const [aborting, calm] = [new AbortController(), new AbortController()];
    const ends: Promise<unknown>[] = [];
    const numbers: number[] = [];
    for (let n = 0; n < 100_000; n++) {
      const signal = [aborting.signal, calm.signal, undefined][n % 3];
      // Each reckoned from a deadline, as it were: a thousand different times.
      const terms = { id: 1, name: 'one', timeoutMs: 1_000 + (n % 1_000), signal };
      ends.push(asks.open(terms, (ask) => numbers.push(ask)).then(...outcomes));
    }
    expect(asks.size).toBe(100_000);
    expect([aborting, calm].map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([1, 1]);
    aborting.abort();
    for (let n = 0; n < 50_000; n++) {
      const ask = numbers[n] as number;
      if (n % 2 === 0) asks.answer(ask, 'well');
      else asks.fail(ask, { code: 'E_ACTOR_FAILED', message: 'failed', details: {} });
    }
    clock.advance(1_500);
    expect(asks.size).toBeGreaterThan(0);
    clock.advance(1_000);
    const counts: Record<string, number> = {};
    for (const end of (await Promise.all(ends)) as string[]) counts[end] = (counts[end] ?? 0) + 1;
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(100_000);
    expect(counts['E_ABORTED']).toBe(33_334);
    for (const how of ['well', 'E_ACTOR_FAILED', 'E_TIMEOUT']) expect(counts[how]).toBeGreaterThan(10_000);
    expect(givenUp).toHaveLength((counts['E_ABORTED'] ?? 0) + (counts['E_TIMEOUT'] ?? 0));
    expect(asks.size).toBe(0);
    expect(clock.pending.size).toBeLessThanOrEqual(16);
    expect([aborting, calm].map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
  });

  it('each of another length, one after another, keep few timers', () => {
    const clock = new CountingClock();
    const asks = new Asks(clock, () => undefined);
    for (let n = 0; n < 10_000; n++) asks.answer(open(asks, 60_000 + n), 'well');
    expect(clock.pending.size).toBeLessThanOrEqual(17);
  });
});

const outcomes = [(value: unknown) => value, (error: unknown) => (error as { readonly code: string }).code] as const;

function open(asks: Asks, timeoutMs: number): number {
  let number = 0;
  void asks.open({ id: 1, name: 'one', timeoutMs, signal: undefined }, (ask) => {
    number = ask;
  });
  return number;
}
