/**
 * A second simulator, as naive as can be: it looks at every millisecond, knows each policy by heart and asks no policy
 * object. Whole times only. It exists to disagree with the real one.
 */

export type NaivePolicy =
  | { readonly kind: 'lines'; readonly lines: readonly (readonly [power: number, wakeCost: number])[] }
  | { readonly kind: 'timeout'; readonly after: number; readonly wakeCost: number; readonly wakeMs: number }
  | { readonly kind: 'every'; readonly every: number }
  | { readonly kind: 'count'; readonly count: number; readonly window: number | null };

export interface NaiveOutcome {
  readonly cost: number | null;
  readonly optimum: number | null;
  readonly wakes: number;
  readonly full: number;
  readonly delays: readonly number[];
  readonly backlogMax: number;
  readonly waiting: number;
}

export function naive(policy: NaivePolicy, times: readonly number[], serviceMs: number): NaiveOutcome {
  const batches = policy.kind === 'every' || policy.kind === 'count';
  const lines =
    policy.kind === 'lines'
      ? policy.lines
      : [[1, 0] as const, [0, policy.kind === 'timeout' ? policy.wakeCost : 0] as const];
  const wakeMs = policy.kind === 'timeout' ? policy.wakeMs : 0;
  const queue: number[] = [];
  const delays: number[] = [];
  const periods: number[] = [];
  let doing = (batches ? 'asleep' : 'idle') as 'idle' | 'busy' | 'asleep' | 'waking';
  const isBusy = (): boolean => doing === 'busy' || doing === 'waking';
  let depth = 0;
  let busyUntil = 0;
  let emptySince = -1;
  let idle = 0;
  let nextWake = 0;
  let windowEnd = -1;
  let cost = 0;
  let wakes = 0;
  let full = 0;
  let backlogMax = 0;
  let arrived = 0;

  const serve = (t: number): void => {
    doing = 'busy';
    while (queue.length > 0) {
      delays.push(t - (queue.shift() as number));
      if (serviceMs > 0) {
        busyUntil = t + serviceMs;
        return;
      }
    }
    emptySince = t;
    idle = 0;
    doing = batches ? 'asleep' : 'idle';
    if (policy.kind === 'every') nextWake = t + policy.every;
    windowEnd = -1;
  };
  const wake = (t: number): void => {
    wakes++;
    cost += lines[depth]?.[1] ?? 0;
    depth = 0;
    if (wakeMs === 0) serve(t);
    else {
      doing = 'waking';
      busyUntil = t + wakeMs;
    }
  };
  const deepest = (length: number): number => {
    if (policy.kind === 'timeout') return length >= policy.after ? 1 : 0;
    let best = 0;
    for (const [index, [power, wakeCost]] of lines.entries()) {
      const [bestPower, bestCost] = lines[best] as readonly [number, number];
      if (power * length + wakeCost <= bestPower * length + bestCost) best = index;
    }
    return best;
  };

  for (let t = 0; arrived < times.length || (queue.length > 0 && t < 5000) || isBusy(); t++) {
    if (isBusy() && busyUntil === t) serve(t);
    for (; times[arrived] === t; arrived++) {
      if (!batches && emptySince >= 0 && !isBusy()) {
        periods.push(t - emptySince);
        emptySince = -1;
      }
      queue.push(t);
      if (doing === 'idle') serve(t);
      else {
        backlogMax = Math.max(backlogMax, queue.length);
        if (isBusy()) continue;
        if (!batches) wake(t);
        else if (policy.kind === 'count') {
          if (policy.window !== null && windowEnd < 0) windowEnd = t + policy.window;
          if (queue.length === policy.count) {
            full++;
            wake(t);
          }
        }
      }
    }
    if (doing === 'asleep' && policy.kind === 'every' && t === nextWake) {
      if (queue.length > 0) wake(t);
      else nextWake += policy.every;
    }
    if (doing === 'asleep' && policy.kind === 'count' && t === windowEnd) wake(t);
    if (arrived === times.length || batches || emptySince < 0 || isBusy()) continue;
    // The millisecond from t to t + 1 is idle in the state that the time so far has led to.
    depth = deepest(idle);
    if (depth > 0) doing = 'asleep';
    cost += lines[depth]?.[0] ?? 0;
    idle++;
  }
  const optimum = periods.reduce(
    (sum, length) => sum + Math.min(...lines.map(([power, wakeCost]) => power * length + wakeCost)),
    0,
  );
  return {
    cost: batches ? null : cost,
    optimum: batches ? null : optimum,
    wakes,
    full,
    delays,
    backlogMax,
    waiting: queue.length,
  };
}
