/** How long an actor is away after a throw: from the ask that makes it throw to the first answer of its next life. */
import { ActorSystem } from '../../src/actors/system.js';
import { isLtlError } from '../../src/words/errors.js';
import type { Work } from '../echo.worker.js';
import type { Sizes } from './subject.js';

const TIMES = 20;

export async function restartMs({ rounds }: Sizes): Promise<Record<string, number>> {
  const milliseconds: Record<string, number> = {};
  for (const thread of ['caller', 'shared', 'own'] as const) {
    const system = new ActorSystem({ threads: 1 });
    const ref = await system.spawn<Work, Work>(new URL('../echo.worker.js', import.meta.url), {
      input: 0,
      thread,
      restart: 'permanent',
      budget: { intensity: 1_000, periodMs: 1_000 },
      backoff: { minMs: 0, maxMs: 0, factor: 1 },
    });
    const work = { id: 1, user: 'someone', payload: '' };
    const samples: number[] = [];
    for (let time = 0; time < (rounds > 1 ? TIMES : 2); time++) {
      const startedMs = performance.now();
      await ref.ask({ ...work, type: 'throw' }).catch((error: unknown) => {
        if (!isLtlError(error, 'E_ACTOR_FAILED')) throw error;
      });
      await ref.ask({ ...work, type: 'ask' });
      samples.push(performance.now() - startedMs);
    }
    milliseconds[thread] = samples.toSorted((left, right) => left - right)[samples.length >> 1] ?? Number.NaN;
    await system.stop();
  }
  return milliseconds;
}
