/**
 * What users say of actors and supervisors, looked at before anything is begun: a wrong word is refused here by name,
 * where it was said, and not found out at the first restart.
 */
import { assertEnds } from '../sync/cancel.js';
import { OVERFLOWS } from '../wire/mailbox.js';
import { MAILBOX_SIZE_MAX, TIMER_MS_MAX } from '../words/actor-limits.js';
import { assertOptions, shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import type { ActorChild, AskOptions, SpawnOptions, SuperviseOptions } from './actor.js';

const THREADS = ['caller', 'shared', 'own'] as const;
const RESTARTS = ['permanent', 'transient', 'temporary'] as const;
const STRATEGIES = ['one-for-one', 'one-for-all', 'rest-for-one'] as const;

// Of each kind of options all keys there are: one that is missing here, or does not exist there, does not compile.
const keysOf = <Options>(keys: Readonly<Record<keyof Options & string, true>>): readonly string[] => Object.keys(keys);
const ACTOR = {
  name: true,
  thread: true,
  restart: true,
  budget: true,
  mailbox: true,
  input: true,
  shutdownMs: true,
  startMs: true,
  hangMs: true,
  nativeStore: true,
  resourceLimits: true,
} as const;
const SPAWN_KEYS = keysOf<SpawnOptions>({ ...ACTOR, backoff: true });
const CHILD_KEYS = keysOf<Extract<ActorChild, { logic: object }>>({ ...ACTOR, id: true, logic: true });
const BELOW_KEYS = keysOf<Extract<ActorChild, { supervise: SuperviseOptions }>>({
  id: true,
  supervise: true,
  restart: true,
  shutdownMs: true,
});
const SUPERVISE_KEYS = keysOf<SuperviseOptions>({
  name: true,
  strategy: true,
  intensity: true,
  periodMs: true,
  backoff: true,
  children: true,
});
const ASK_KEYS = keysOf<AskOptions>({ timeoutMs: true, signal: true });

/** Throws E_ARGUMENT for options that mean nothing, or that would be broken silently. */
export function assertSpawnOptions(options: SpawnOptions, who = 'the actor', keys = SPAWN_KEYS): void {
  assertOptions(who, options, keys);
  const { name, thread, restart, mailbox, budget, backoff } = options;
  if (name !== undefined && (typeof name !== 'string' || name === '')) refuse(`name of ${who}`, 'a text', name);
  oneOf(thread, THREADS, `thread of ${who}`);
  oneOf(restart, RESTARTS, `restart of ${who}`);
  if (mailbox !== undefined) {
    assertOptions(`mailbox of ${who}`, mailbox, ['size', 'overflow']);
    oneOf(mailbox.overflow, OVERFLOWS, `mailbox.overflow of ${who}`);
    whole(mailbox.size, 1, MAILBOX_SIZE_MAX, `mailbox.size of ${who}`);
  }
  for (const key of ['shutdownMs', 'startMs', 'hangMs'] as const)
    within(options[key], key === 'shutdownMs' ? 0 : 1, TIMER_MS_MAX, `${key} of ${who}`);
  assertBudget(budget, who);
  assertBackoff(backoff, who);
  // In a shared thread they would be without effect, and the thread could be ended with the store open.
  if (thread === 'own') return;
  if (options.nativeStore === true && thread !== 'caller')
    throw new LtlError('E_ARGUMENT', `nativeStore of ${who} needs thread: 'own', because a shared thread may be ended`);
  if (options.resourceLimits !== undefined)
    throw new LtlError('E_ARGUMENT', `resourceLimits of ${who} are those of a thread of its own: say thread: 'own'`);
}

/** The same for a supervisor and everything below it. */
export function assertSuperviseOptions(options: SuperviseOptions): void {
  assertOptions('supervise()', options, SUPERVISE_KEYS);
  const who = `the supervisor ${options.name ?? ''}`.trimEnd();
  if (options.strategy === undefined) refuse(`strategy of ${who}`, STRATEGIES.join(', '), options.strategy);
  oneOf(options.strategy, STRATEGIES, `strategy of ${who}`);
  assertBudget({ intensity: options.intensity ?? 0, periodMs: options.periodMs ?? 1 }, who);
  assertBackoff(options.backoff, who);
  if (!Array.isArray(options.children)) refuse(`children of ${who}`, 'an array', options.children);
  const ids = new Set<string>();
  for (const child of options.children as readonly ActorChild[]) {
    assertChild(child, who);
    if (ids.has(child.id)) throw new LtlError('E_ARGUMENT', `two children of ${who} are named ${child.id}`);
    ids.add(child.id);
  }
}

function assertChild(child: ActorChild, who: string): void {
  assertObject(child, `a child of ${who}`);
  if (typeof child.id !== 'string' || child.id === '' || child.id.includes('/'))
    refuse(`id of a child of ${who}`, 'a text without /', child.id);
  if ('supervise' in child) {
    assertOptions(child.id, child, BELOW_KEYS);
    oneOf(child.restart, RESTARTS, `restart of ${child.id}`);
    within(child.shutdownMs, 0, TIMER_MS_MAX, `shutdownMs of ${child.id}`);
    assertSuperviseOptions(child.supervise);
  } else {
    assertSpawnOptions(child, child.id, CHILD_KEYS);
    assertPlacement(child.logic, child, child.id);
  }
}

/** Logic that is code of this thread cannot live in another one. */
export function assertPlacement(logic: unknown, { thread }: SpawnOptions, who: string): void {
  if (thread === undefined || thread === 'caller' || logic instanceof URL) return;
  throw new LtlError('E_ARGUMENT', `${who}: logic that lives in a worker is given as the URL of its module`);
}

/** An ask always has a timeout, so Infinity is none. */
export function assertAskOptions(options: AskOptions): void {
  assertOptions('an ask', options, ASK_KEYS);
  const { timeoutMs, signal } = options;
  if (signal !== undefined) assertEnds(signal, undefined);
  if (timeoutMs !== undefined) within(timeoutMs, 0, TIMER_MS_MAX, 'timeoutMs of an ask');
}

/** A module is named by a URL object; a text could mean anything. */
export function assertUrl(module: unknown, of: string): void {
  if (!(module instanceof URL)) refuse(`the module of ${of}`, 'a URL: new URL(path, import.meta.url)', module);
}

function assertBudget(budget: SpawnOptions['budget'], who: string): void {
  if (budget === undefined) return;
  assertOptions(`budget of ${who}`, budget, ['intensity', 'periodMs']);
  whole(budget.intensity, 0, Number.MAX_SAFE_INTEGER, `intensity of ${who}`, true);
  within(budget.periodMs, 1, Number.MAX_SAFE_INTEGER, `periodMs of ${who}`, true);
}

function assertBackoff(backoff: SpawnOptions['backoff'], who: string): void {
  if (backoff === undefined) return;
  assertOptions(`backoff of ${who}`, backoff, ['minMs', 'maxMs', 'factor']);
  within(backoff.minMs, 0, TIMER_MS_MAX, `backoff.minMs of ${who}`, true);
  within(backoff.maxMs, backoff.minMs, TIMER_MS_MAX, `backoff.maxMs of ${who}`, true);
  within(backoff.factor, 1, Number.MAX_SAFE_INTEGER, `backoff.factor of ${who}`, true);
}

function assertObject(value: unknown, what: string): asserts value is object {
  if (typeof value !== 'object' || value === null) refuse(what, 'an object', value);
}

function oneOf(value: unknown, words: readonly string[], what: string): void {
  if (value !== undefined && !words.includes(value as string)) refuse(what, words.join(', '), value);
}

function whole(value: unknown, least: number, most: number, what: string, needed = false): void {
  within(value, least, most, what, needed);
  if (value !== undefined && !Number.isInteger(value)) refuse(what, 'a whole number', value);
}

function within(value: unknown, least: number, most: number, what: string, needed = false): void {
  if (value === undefined && !needed) return;
  if (typeof value !== 'number' || !(value >= least && value <= most))
    refuse(what, `a number from ${least} to ${most}`, value);
}

function refuse(what: string, wanted: string, value: unknown): never {
  throw new LtlError('E_ARGUMENT', `${what}: ${wanted}, not ${shown(value)}`);
}
