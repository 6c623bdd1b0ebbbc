/**
 * Results of the queueing literature that the simulator must meet within 1 %. Services are exponential of mean 1 and arrivals
 * Poisson of rate 0.5 where nothing else is said. Seeds are fixed, so that nothing here is a matter of luck.
 *
 * Takagi, "Queueing Analysis", volume 1 (1991): vacations, N-policy, set-up times. Kleinrock, "Queueing Systems", volume 1
 * (1975): M/M/1, M/G/1 (Pollaczek, Khinchine), G/M/1.
 */
import { describe, expect, it } from 'vitest';
import { generateArrivals } from '../../../src/policy/generate.js';
import { parseArrivals, parseService } from '../../../src/policy/laws.js';
import { type ModelResult, runModel } from '../../../src/policy/model.js';
import { simulate } from '../../../src/policy/simulate.js';
import { parsePolicy } from '../../../src/policy/spec.js';

function model(policy: string, arrivals = 'poisson:0.5', service = 'exp:1', arrivalsCount = 60_000): ModelResult {
  return runModel({
    arrivals: parseArrivals(arrivals),
    service: parseService(service),
    policy: (seed) => parsePolicy(policy, { seed }),
    arrivalsCount,
    replications: 6,
    seed: 3,
  });
}

function expectNear(found: { readonly mean: number } | null, expected: number): void {
  expect(Math.abs((found?.mean ?? Number.NaN) / expected - 1), `${found?.mean} for ${expected}`).toBeLessThan(0.01);
}

describe('closed forms', () => {
  it('M/M/1: Wq 1, W 2, L 1, a cycle of 1/(λ(1-ρ)) = 4, and never a wake-up', () => {
    const result = model('always-awake');
    expectNear(result.Wq, 1);
    expectNear(result.W, 2);
    expectNear(result.L, 1);
    expectNear(result.cycle, 4);
    expect(result.wakesPerTime?.mean).toBe(0);
    expect(result.rho).toBe(0.5);
  });

  it('M/D/1 at ρ = 0.8: Wq = ρ/(2(1-ρ)) = 2', () => {
    expectNear(model('always-awake', 'poisson:0.8', 'const:1', 150_000).Wq, 2);
  });

  it('D/M/1 with gaps of 2: Wq = σ/(1-σ) where σ = e^(-2(1-σ)) = 0.2032', () => {
    let sigma = 0.2;
    for (let step = 0; step < 100; step++) sigma = Math.exp(-2 * (1 - sigma));
    expectNear(model('always-awake', 'constant:2', 'exp:1', 150_000).Wq, sigma / (1 - sigma));
  });

  it('M/G/1 with multiple vacations: Wq grows by E[V²]/(2E[V]): 3 for Exp(2), 2 for constant 2', () => {
    expectNear(model('vacation:exp:2').Wq, 3);
    expectNear(model('vacation:const:2').Wq, 2);
    expectNear(model('every:2').Wq, 2);
  });

  it('N-policy with N = 5: Wq = 1 + (N-1)/(2λ) = 5, cycle N/(λ(1-ρ)) = 20, one wake-up a cycle', () => {
    const result = model('count:5');
    expectNear(result.Wq, 5);
    expectNear(result.cycle, 20);
    expectNear(result.wakesPerTime, 1 / 20);
    expectNear(result.L, 3);
  });

  it('M/G/1 with a set-up time D = 3: Wq = 1 + (2D + λD²)/(2(1 + λD)) = 3.1', () => {
    const result = model('timeout:0+states:nap=0/0/3');
    expectNear(result.Wq, 3.1);
    expectNear(result.cycle, (1 / 0.5 + 3) / 0.5);
  });

  it('a timeout T under Poisson arrivals wakes λ(1-ρ)e^(-λT) times per unit of time', () => {
    expectNear(model('timeout:2').wakesPerTime, 0.25 * Math.exp(-1));
  });

  it('min(N, D) with N = 3, D = 2, rate 1 and no service time: a cycle of 1 + 2 - 4e^(-2)', () => {
    expectNear(model('count-or-time:3,2', 'poisson:1', 'const:0').cycle, 3 - 4 * Math.exp(-2));
  });

  it('L = λW (Little), measured apart from each other', () => {
    const result = model('count:3', 'on-off:1,10,15', 'exp:0.8');
    expectNear(result.L, parseArrivals('on-off:1,10,15').rate * (result.W?.mean ?? 0));
  });

  it('a timeout T with wake cost W costs (1 - e^(-λT))/λ + We^(-λT) for each Poisson idle period', async () => {
    const records = 400_000;
    const arrivals = generateArrivals(parseArrivals('poisson:0.01'), records, 5);
    const [outcome] = await simulate([parsePolicy('timeout:50,120')], arrivals);
    const perPeriod = (outcome?.cost.total ?? 0) / (records - 1);
    expectNear({ mean: perPeriod }, (1 - Math.exp(-0.5)) / 0.01 + 120 * Math.exp(-0.5));
  });

  it('every law of arrivals has the rate that it claims', () => {
    for (const text of [
      'poisson:0.2',
      'constant:5',
      'pareto:2.5,5',
      'on-off:0.5,100,150',
      'mmpp:0.3,50,0.1,50',
      'diurnal:0.2,1000,0.8',
    ]) {
      const law = parseArrivals(text);
      const records = 400_000;
      let lastMs = 0;
      for (const block of generateArrivals(law, records, 11)) lastMs = block.atMs[block.count - 1] ?? 0;
      expect(Math.abs(records / lastMs / law.rate - 1), text).toBeLessThan(0.02);
    }
  });

  it('a load of 1 or more is refused', () => {
    for (const [arrivals, service] of [
      ['poisson:1', 'exp:1'],
      ['poisson:2', 'const:0.6'],
    ] as const)
      expect(() => model('always-awake', arrivals, service)).toThrow(/E_UNSTABLE.*load of 1/);
  });
});
