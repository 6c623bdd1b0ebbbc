/**
 * A calibration: service and wake-up times as they were measured on one machine, kept in a JSON file, so that a simulation
 * speaks of that machine.
 *
 *     { "service": "exp:0.02", "wakeMs": { "nap": 1.5, "deep": 240 } }
 */
import { LtlError } from '../words/errors.js';
import type { Policy } from './contract.js';
import { parseService } from './laws.js';

export interface Calibration {
  /** A law of services as text; its lengths are ms. */
  readonly service: string;
  /** Wake-up times in ms by the names of the states. */
  readonly wakeMs: Readonly<Record<string, number>>;
}

/** Reads a calibration. Throws E_POLICY that names the file and what is wrong. */
export function parseCalibration(text: string, name: string): Calibration {
  const { service, wakeMs } = parseObject(text, name);
  if (typeof service !== 'string') throw new LtlError('E_POLICY', `${name}: service is a law, as "exp:0.02"`);
  parseService(service);
  const times =
    typeof wakeMs === 'object' && wakeMs !== null ? Object.entries(wakeMs as Record<string, unknown>) : null;
  const wrong = times?.find(([, ms]) => typeof ms !== 'number' || !(ms >= 0) || !Number.isFinite(ms));
  if (times === null || wrong !== undefined)
    throw new LtlError('E_POLICY', `${name}: wakeMs holds ms from 0 by state, as { "nap": 1.5 }`);
  return { service, wakeMs: Object.fromEntries(times) as Record<string, number> };
}

/** The policy with measured wake-up times in the states that the calibration names; it decides as before. */
export function calibratedPolicy(policy: Policy, { wakeMs }: Calibration): Policy {
  const states = policy.states.map((state) => ({ ...state, wakeMs: wakeMs[state.name] ?? state.wakeMs }));
  return { ...policy, states };
}

function parseObject(text: string, name: string): { readonly service?: unknown; readonly wakeMs?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new LtlError('E_POLICY', `${name} is not JSON`, { cause });
  }
  throw new LtlError('E_POLICY', `${name} holds no object`);
}
