/** Arrivals made from a law and a seed, in blocks like those of a trace. */
import { rollDice } from './dice.js';
import type { ArrivalLaw, ServiceLaw } from './laws.js';
import type { Service } from './simulation.js';
import type { ArrivalBlock } from './trace.js';

const BLOCK_RECORDS = 8192;
/** Each replication has two streams of its own. */
const STREAMS = 2;
const ARRIVALS = 0;
const SERVICES = 1;

/** So many arrivals of a law; the same seed and replication always give the same ones, whatever the policy. */
export function* generateArrivals(
  law: ArrivalLaw,
  count: number,
  seed: number,
  replication = 0,
  recordBytes = 100,
): Generator<ArrivalBlock> {
  const next = law.start(rollDice(seed, STREAMS * replication + ARRIVALS));
  for (let made = 0; made < count; ) {
    const size = Math.min(BLOCK_RECORDS, count - made);
    const atMs = new Float64Array(size);
    for (let index = 0; index < size; index++) atMs[index] = next();
    made += size;
    yield { atMs, bytes: new Float64Array(size).fill(recordBytes), count: size };
  }
}

/** The services of one replication: the nth record served takes the same time under every policy. */
export function generateServices(law: ServiceLaw, seed: number, replication = 0): Service {
  return law.start(rollDice(seed, STREAMS * replication + SERVICES));
}
