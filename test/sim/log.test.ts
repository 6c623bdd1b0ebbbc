import { describe, expect, it } from 'vitest';
import { LogSimulation } from './log-sim.js';

// LTL_SIM_SEEDS=20000 LTL_SIM_FROM=1 npx vitest run test/sim/log.test.ts: the long form, see docs/HACKING.md.
const SEEDS = Number(process.env['LTL_SIM_SEEDS'] ?? 150);
const FROM = Number(process.env['LTL_SIM_FROM'] ?? 1);
const LIVES = 12;

describe('the log on a disk that forgets', () => {
  it(`${SEEDS} histories of crashes lose, double and invent nothing`, { timeout: 3_600_000 }, () => {
    const total: Record<string, number> = {};
    for (let seed = FROM; seed < FROM + SEEDS; seed += 1) {
      try {
        const outcome = new LogSimulation(seed).run(LIVES);
        for (const [name, value] of Object.entries(outcome)) total[name] = (total[name] ?? 0) + value;
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    // A simulation that never goes where the danger is proves nothing.
    for (const [name, value] of Object.entries(total)) expect(value, name).toBeGreaterThan(0);
    if (process.env['LTL_SIM_SEEDS'] !== undefined) process.stderr.write(`${JSON.stringify(total)}\n`);
  });

  it('the same seed gives the same history', () => {
    expect(new LogSimulation(7).run(LIVES)).toEqual(new LogSimulation(7).run(LIVES));
  });
});
