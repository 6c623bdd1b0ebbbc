/**
 * A calibration: service and wake-up times as they were measured on one machine, kept in a JSON file, so that a simulation
 * speaks of that machine. `ltl policy calibrate` writes it; the first two fields are enough to simulate by.
 *
 *     { "service": "each:0.0004,0.000001", "wakeMs": { "nap": 1.5, "deep": 2 },
 *       "pickUpMs": 60, "syncMs": 0.2, "cpu": { "recordMs": 0.002, "groupMs": 0.1, "turnMs": 1, "passMs": 2, "wakeMs": 0.5 } }
 */
import { LtlError } from '../words/errors.js';
import type { Policy } from './contract.js';
import { parseService } from './laws.js';

/** CPU time of all threads in ms. */
export interface CpuPrices {
  /** Of one record: appended, verified and indexed. */
  readonly recordMs: number;
  /** Of one group that follows another at once: one write, one sync, its acknowledgement. */
  readonly groupMs: number;
  /** Of one group that comes after a rest, with all that has to wake up for it, the caller's own timer too. */
  readonly turnMs: number;
  /** Of one time that the followers take up work and come to rest. */
  readonly passMs: number;
  /** Of falling asleep and waking once. */
  readonly wakeMs: number;
}

export interface Calibration {
  /** A law of services as text; its lengths are ms. */
  readonly service: string;
  /** Wake-up times in ms by the names of the states. */
  readonly wakeMs: Readonly<Record<string, number>>;
  /** From an arrival at an idle system until it is taken up; 0 when left out. */
  readonly pickUpMs: number;
  /** How long one sync takes; null when it was not measured. */
  readonly syncMs: number | null;
  readonly cpu: CpuPrices | null;
}

/** Reads a calibration. Throws E_POLICY that names the file and what is wrong. */
export function parseCalibration(text: string, name: string): Calibration {
  const { service, wakeMs, pickUpMs = 0, syncMs = null, cpu = null } = parseObject(text, name);
  if (typeof service !== 'string') throw new LtlError('E_POLICY', `${name}: service is a law, as "exp:0.02"`);
  parseService(service);
  if (!isTimes(wakeMs)) throw new LtlError('E_POLICY', `${name}: wakeMs holds ms from 0 by state, as { "nap": 1.5 }`);
  if (!isTime(pickUpMs)) throw new LtlError('E_POLICY', `${name}: pickUpMs is a number of ms from 0`);
  if (syncMs !== null && !isTime(syncMs)) throw new LtlError('E_POLICY', `${name}: syncMs is a number of ms from 0`);
  return { service, wakeMs, pickUpMs, syncMs, cpu: cpu === null ? null : readPrices(cpu, name) };
}

/** The policy with measured wake-up times in the states that the calibration names; it decides as before. */
export function calibratedPolicy(policy: Policy, { wakeMs }: Pick<Calibration, 'wakeMs'>): Policy {
  const states = policy.states.map((state) => ({ ...state, wakeMs: wakeMs[state.name] ?? state.wakeMs }));
  return { ...policy, states };
}

const PRICES = ['recordMs', 'groupMs', 'turnMs', 'passMs', 'wakeMs'] as const satisfies readonly (keyof CpuPrices)[];

function readPrices(value: unknown, name: string): CpuPrices {
  const given = (typeof value === 'object' ? value : {}) as Readonly<Record<string, unknown>>;
  for (const price of PRICES)
    if (!isTime(given[price])) throw new LtlError('E_POLICY', `${name}: cpu.${price} is a number of ms from 0`);
  return given as unknown as CpuPrices;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

function isTimes(value: unknown): value is Record<string, number> {
  return typeof value === 'object' && value !== null && Object.values(value).every(isTime);
}

type Fields = { readonly [Field in keyof Calibration]?: unknown };

function parseObject(text: string, name: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new LtlError('E_POLICY', `${name} is not JSON`, { cause });
  }
  throw new LtlError('E_POLICY', `${name} holds no object`);
}
