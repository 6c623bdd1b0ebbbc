/**
 * Policies on a running instance, behind the door: one at a time, begun and ended here, with what of the instance it needs:
 * arrivals of this thread by turn, of other threads by group, the sleeper, the actors' word that all is done, and what
 * stands in the way of a sleep.
 */
import fs from 'node:fs';
import { type Calibration, parseCalibration } from '../policy/calibration.js';
import type { Policy } from '../policy/contract.js';
import { Governor } from '../policy/governor.js';
import { parsePolicy } from '../policy/spec.js';
import { realClock } from '../ports/clock.js';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { Arrivals } from './arrivals.js';
import { asPolicy } from './policy-driver.js';
import { PolicyRecorder } from './policy-recorder.js';
import { type PolicyReport, PolicyRun, type PolicyStatus } from './policy-run.js';
import type { Writing } from './writing.js';

/** How a policy is run. */
export interface PolicyOptions {
  /** Rivals, which see the same arrivals and only simulate: texts or policies. The oracle may be one of them. */
  readonly shadows?: readonly (Policy | string)[];
  /** A file that keeps what the policy saw, for `ltl policy replay` and `report`; it is made anew. */
  readonly record?: string;
  /** A file that `ltl policy calibrate` wrote, or what it holds: then the report predicts as well. */
  readonly calibration?: string | Calibration;
  /** Of the dice of policies that throw some (default 1). */
  readonly seed?: number;
}

/** What of the instance only the door knows. */
export interface DoorState {
  /** What keeps the instance from changing its state, in words; empty when nothing does. */
  blockers(): string[];
}

/** A policy that is ready to run. */
interface Prepared {
  readonly begin: () => PolicyRun;
  readonly recorder: PolicyRecorder | null;
}

export class Policies {
  readonly #writing: Writing;
  readonly #door: DoorState;
  #run: PolicyRun | null = null;
  /** Operations under way that a policy's sleep waits for, by name. */
  readonly #under: Map<string, number> = new Map();
  #arrivals: Arrivals | null = null;
  /** One exchange of policies after the other. */
  #exchanged: Promise<unknown> = Promise.resolve();
  #hasClosed = false;

  constructor(writing: Writing, door: DoorState) {
    this.#writing = writing;
    this.#door = door;
    writing.onWoken = (why) => this.#run?.woken(why);
    writing.onRefused = () => {
      if (!writing.sleeper.isUsers) this.#run?.refused(1);
    };
    writing.onProducer = () => this.#arrivals?.watchOthers();
  }

  /** Begins a policy in place of the one that runs; or ends that one, with null. Resolves with the report of the one it ended. */
  async set(policy: Policy | string | null, options: PolicyOptions = {}): Promise<PolicyReport | null> {
    const prepared = policy === null ? null : this.#prepared(policy, options);
    const before = this.#exchanged;
    const exchanged = Promise.allSettled([before]).then(() => this.#exchange(prepared));
    this.#exchanged = exchanged;
    return exchanged;
  }

  report(): PolicyReport | null {
    return this.#run?.report() ?? null;
  }

  status(): PolicyStatus | null {
    return this.#run?.status() ?? null;
  }

  /** A policy does not put the instance to sleep while that operation runs. */
  async during<T>(name: string, operation: Promise<T>): Promise<T> {
    this.#under.set(name, (this.#under.get(name) ?? 0) + 1);
    try {
      return await operation;
    } finally {
      this.#under.set(name, (this.#under.get(name) ?? 1) - 1);
    }
  }

  /** The instance closes: the run ends, and its record is written. */
  close(): void {
    this.#hasClosed = true;
    this.#arrivals?.end();
    this.#run?.end();
  }

  async #exchange(prepared: Prepared | null): Promise<PolicyReport | null> {
    const report = await this.#end();
    if (prepared === null) return report;
    if (this.#hasClosed) {
      prepared.recorder?.close();
      throw new LtlError('E_CLOSED', 'the instance is closed');
    }
    const run = prepared.begin();
    this.#run = run;
    this.#arrivals = new Arrivals(this.#writing, (records, bytes) => run.arrived(records, bytes));
    return report;
  }

  async #end(): Promise<PolicyReport | null> {
    const run = this.#run;
    if (run === null) return null;
    this.#run = null;
    this.#arrivals?.end();
    const report = run.end();
    await this.#writing.sleeper.policyAwake('the policy was ended');
    return report;
  }

  /** Everything that can be wrong is found before the policy that runs is ended. */
  #prepared(given: Policy | string, options: PolicyOptions): Prepared {
    if (typeof options !== 'object' || options === null)
      throw new LtlError('E_ARGUMENT', 'the options of a policy are an object');
    const { shadows = [], record, calibration, seed = 1 } = options;
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new LtlError('E_ARGUMENT', `seed must be a whole number from 0, not ${shown(seed)}`);
    const policy = policyOf(given, seed);
    if (policy.clairvoyant)
      throw new LtlError('E_POLICY', `${policy.spec} asks when the next record comes: it can be simulated, not run`);
    if (!Array.isArray(shadows)) throw new LtlError('E_ARGUMENT', 'shadows must be an array of policies');
    // A policy that fails at its very start shows it here.
    asPolicy(policy, () => new Governor(policy, 0));
    const rivals = shadows.map((shadow: Policy | string) => policyOf(shadow, seed));
    const measured = typeof calibration === 'string' ? readCalibration(calibration) : (calibration ?? null);
    const recorder = record === undefined ? null : new PolicyRecorder(record);
    const begin = (): PolicyRun =>
      new PolicyRun(policy, this.#instance(), {
        shadows: rivals,
        calibration: measured,
        recorder,
        seed,
        totals: () => this.#totals(),
        clock: realClock,
        work: () => this.#work(),
      });
    return { begin, recorder };
  }

  #instance() {
    const { sleeper } = this.#writing;
    return {
      sleep: (refuses: boolean, why: string) => sleeper.policySleep(refuses, why),
      awake: (why: string) => sleeper.policyAwake(why),
      blockers: () => this.#blockers(),
      settled: (onPart: (left: number) => void) => this.#settled(onPart),
    };
  }

  #totals() {
    const { user, system } = process.cpuUsage();
    return { fsyncs: this.#writing.board.counter('fsyncs'), cpuMs: (user + system) / 1000 };
  }

  async #settled(onPart: (left: number) => void): Promise<void> {
    const { sleeper, followers, board } = this.#writing;
    for (;;) {
      await sleeper.whenAwake();
      await this.#writing.acknowledged();
      const toSeq = board.nextSeq;
      await followers.settled(toSeq);
      const left = board.nextSeq - toSeq + this.#writing.pending;
      if (left === 0) return;
      onPart(left);
    }
  }

  #blockers(): string[] {
    const under = [...this.#under].filter(([, times]) => times > 0).map(([name]) => `${name} is under way`);
    return [...this.#door.blockers(), ...under];
  }

  /** Why it is not caught up, and whose sleep it is. */
  #work(): string[] {
    const { board, pending, followers, sleeper } = this.#writing;
    const { nextSeq } = board.tail();
    const said: string[] = [];
    if (sleeper.isUsers) said.push(`your own sleep lasts: ${sleeper.status().why}`);
    if (pending > 0) said.push(`${pending} records are not acknowledged yet`);
    const unverified = nextSeq - board.counter('verifiedSeq');
    if (unverified > 0) said.push(`${unverified} records are not verified yet`);
    for (const { kind, field, watermark } of followers.index?.states ?? [])
      if (watermark < nextSeq) said.push(`the index ${kind} ${field} is at ${watermark} of ${nextSeq} records`);
    return said;
  }
}

function policyOf(given: Policy | string, seed: number): Policy {
  if (typeof given === 'string') return parsePolicy(given, { seed, readText });
  const { decide, start, states } = (given ?? {}) as Partial<Policy>;
  if (typeof decide === 'function' && typeof start === 'function' && Array.isArray(states)) return given;
  throw new LtlError('E_ARGUMENT', 'a policy is a text such as timeout:50, or an object made with definePolicy');
}

function readCalibration(path: string): Calibration {
  return parseCalibration(readText(path), path);
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LtlError('E_NO_INPUT', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
