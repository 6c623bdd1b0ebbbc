/** What holds in every history of requests, releases and cancellations; random histories print their seed when they fail. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acquireAll,
  type Lease,
  type Leases,
  Mutex,
  ReadWriteLock,
  Semaphore,
  symSOFT_LOCK,
} from '../../../src/sync/sync.js';

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

/** One request as the model sees it: what it wants, and what came of it. */
interface Asked {
  readonly id: number;
  readonly weight: number;
  readonly soft: boolean;
  readonly abort: AbortController;
  end: 'waiting' | 'granted' | 'aborted' | 'released';
  lease: Lease | undefined;
}

type Step =
  | { readonly kind: 'ask'; readonly weight: number; readonly soft: boolean }
  | { readonly kind: 'release' | 'abort'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('ask' as const), weight: fc.integer({ min: 1, max: 3 }), soft: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('release' as const, 'abort' as const), which: fc.nat(50) }),
);

/** The kinds as the model sees them: what fits beside what is held. */
const SUBJECTS = {
  mutex: {
    make: () => new Mutex(),
    fits: (held: readonly Asked[]) => held.length === 0,
  },
  semaphore: {
    make: () => new Semaphore(3),
    fits: (held: readonly Asked[], next: Asked) => held.reduce((sum, each) => sum + each.weight, next.weight) <= 3,
  },
  lock: {
    make: () => new ReadWriteLock(),
    fits: (held: readonly Asked[], next: Asked) => held.length === 0 || (next.soft && held.every((each) => each.soft)),
  },
} as const;

describe.each(Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[])('every history of a %s', (name) => {
  const { make, fits } = SUBJECTS[name];

  it('grants as a plain first-come-first-served queue does, conserves permits, and grants no cancelled request', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const lock = make();
        const asked: Asked[] = [];
        const ask = ({ weight, soft }: { weight: number; soft: boolean }): void => {
          const abort = new AbortController();
          const request: Asked = { id: asked.length, weight, soft, abort, end: 'waiting', lease: undefined };
          asked.push(request);
          const options = { signal: abort.signal };
          const words =
            name === 'semaphore'
              ? { ...options, weight }
              : name === 'lock' && soft
                ? { ...options, mode: symSOFT_LOCK }
                : options;
          (lock.acquire(words as typeof options) as Promise<Lease>).then(
            (lease) => {
              expect(request.end).toBe('waiting');
              Object.assign(request, { end: 'granted', lease });
            },
            () => {
              expect(request.end).toBe('waiting');
              request.end = 'aborted';
            },
          );
        };
        const model = new Model(fits);
        for (const each of steps) {
          const granted = asked.filter(({ end }) => end === 'granted');
          const waiting = asked.filter(({ end }) => end === 'waiting');
          if (each.kind === 'ask') {
            ask(each);
            model.ask(asked.at(-1) as Asked);
          } else if (each.kind === 'release' && granted.length > 0) {
            const request = granted[each.which % granted.length] as Asked;
            request.end = 'released';
            model.leave(request);
            request.lease?.release();
          } else if (each.kind === 'abort' && waiting.length > 0) {
            const request = waiting[each.which % waiting.length] as Asked;
            model.leave(request);
            request.abort.abort();
          }
          await turns(6);
          const holding = asked.filter(({ end }) => end === 'granted');
          expect(holding.map(({ id }) => id)).toEqual(model.holders());
          expect(lock.queueLength).toBe(model.queue.length);
          if (lock instanceof Semaphore)
            expect(lock.free + holding.reduce((sum, { weight }) => sum + weight, 0)).toBe(3);
        }
        // Whoever still waits is granted in turn once the others release: nobody starves.
        for (let i = 0; i < asked.length; i++) {
          for (const request of asked.filter(({ end }) => end === 'granted')) {
            request.end = 'released';
            request.lease?.release();
          }
          await turns(6);
        }
        expect(asked.filter(({ end }) => end === 'waiting' || end === 'granted')).toEqual([]);
        expect([lock.queueLength, lock.row]).toEqual([0, make().row]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('every history of waits for several', () => {
  it('takes all or none, never two holders of a mutex, and ends with everything free', async () => {
    const picks = fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 });
    const history = fc.array(fc.record({ picks, hold: fc.nat(8), abortAfter: fc.option(fc.nat(12)) }), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(history, async (requests) => {
        const locks = [new Mutex(), new Semaphore(2), new ReadWriteLock(), new Mutex()] as const;
        const inside = [0, 0, 0, 0];
        const order: number[] = [];
        const one = async ({ picks, hold, abortAfter }: (typeof requests)[number], id: number): Promise<void> => {
          const abort = new AbortController();
          if (abortAfter !== null) void turns(abortAfter).then(() => abort.abort());
          let leases: Leases;
          try {
            leases = await acquireAll(
              picks.map((pick) => locks[pick] as Mutex),
              { signal: abort.signal },
            );
          } catch {
            return;
          }
          order.push(id);
          for (const pick of picks) inside[pick] = (inside[pick] as number) + 1;
          expect(Math.max(inside[0] as number, inside[2] as number, inside[3] as number)).toBeLessThanOrEqual(1);
          expect(inside[1]).toBeLessThanOrEqual(2);
          await turns(hold);
          for (const pick of picks) inside[pick] = (inside[pick] as number) - 1;
          leases.release();
        };
        await Promise.all(requests.map(one));
        expect(locks.map((lock) => [lock.state, lock.queueLength])).toEqual([
          ['free', 0],
          ['open', 0],
          ['free', 0],
          ['free', 0],
        ]);
        expect(locks[1].free).toBe(2);
        // Requests that share a mutex and were not aborted are granted in the order of asking.
        const kept = order.filter((id) => requests[id]?.abortAfter === null && requests[id]?.picks.includes(0));
        expect(kept).toEqual(kept.toSorted((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});

/** The plainest queue there is. */
class Model {
  readonly queue: Asked[] = [];
  readonly #held: Asked[] = [];
  readonly #fits: (held: readonly Asked[], next: Asked) => boolean;

  constructor(fits: (held: readonly Asked[], next: Asked) => boolean) {
    this.#fits = fits;
  }

  ask(request: Asked): void {
    this.queue.push(request);
    this.#grant();
  }

  leave(request: Asked): void {
    for (const list of [this.queue, this.#held]) if (list.includes(request)) list.splice(list.indexOf(request), 1);
    this.#grant();
  }

  holders(): number[] {
    return this.#held.map(({ id }) => id).toSorted((a, b) => a - b);
  }

  #grant(): void {
    for (let head = this.queue[0]; head !== undefined && this.#fits(this.#held, head); head = this.queue[0]) {
      this.queue.shift();
      this.#held.push(head);
    }
  }
}
