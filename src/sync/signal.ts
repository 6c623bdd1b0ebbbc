/**
 * A signal that somebody sets and others wait for, the machines `signalAuto` and `signalManual`. Auto reset: one `set` lets
 * one waiter through, or the next one that comes. Manual reset: `set` lets all through, until `reset`.
 *
 * Thread safety: one thread. Ownership: none; the lease of a signal only says that it was seen, and is given back for form.
 * Ordering: strict first come, first served. Fairness: an auto-reset signal goes to the head of the queue, never to a newcomer.
 */
import { GUARDS } from '../../machines/figures.js';
import { LtlError } from '../words/errors.js';
import { HAND, Micro } from './micro.js';
import { type AcquireOptions, type LockOptions, type Verbs, Waitable } from './waitable.js';

const AUTO = new Micro('signalAuto');
const MANUAL = new Micro('signalManual');

function verbsOf(micro: typeof AUTO | typeof MANUAL): Verbs {
  return {
    acquire: micro.event('ACQUIRE'),
    try: micro.event('TRY'),
    reserve: micro.event('RESERVE'),
    hand: micro.event('HAND'),
    leave: micro.event('LEAVE'),
    release: -1,
    exclusive: false,
  };
}

const AUTO_VERBS = verbsOf(AUTO);
const MANUAL_VERBS = verbsOf(MANUAL);

export interface SignalOptions extends LockOptions {
  /** `auto` (the default) is used up by the one it lets through; `manual` stays set until `reset`. */
  readonly resets?: 'auto' | 'manual';
}

export class Signal extends Waitable {
  readonly resets: 'auto' | 'manual';

  constructor(options: SignalOptions = {}) {
    const resets = options.resets ?? 'auto';
    if (resets !== 'auto' && resets !== 'manual')
      throw new LtlError('E_ARGUMENT', `resets is 'auto' or 'manual', not ${String(resets)}`);
    super(options, (resets === 'auto' ? AUTO : MANUAL).initial);
    this.resets = resets;
  }

  /** @internal */
  get plainVerbs(): Verbs {
    return this.resets === 'auto' ? AUTO_VERBS : MANUAL_VERBS;
  }

  /** @internal */
  get micro(): Micro {
    return this.resets === 'auto' ? AUTO : MANUAL;
  }

  /** True while it is set and would let the next one through. */
  get isSet(): boolean {
    return this.state === 'set' || this.state === 'pending';
  }

  /** Sets it. Setting what is set changes nothing. */
  set(): void {
    const code = this.step(AUTO.event('SET'), 1);
    if ((code & HAND) !== 0) this.hand();
  }

  /** Takes the setting back, where nobody was let through by it. */
  reset(): void {
    this.step(AUTO.event('RESET'), 1);
  }

  /** Resolves when the signal lets this caller through. Rejects with E_ABORTED or E_TIMEOUT; an auto signal stays unused then. */
  async wait(options: AcquireOptions = {}): Promise<void> {
    await this.acquireWith(options);
  }

  /** True if the signal is set and nobody waits before this caller; an auto signal is used up by it. */
  tryWait(): boolean {
    return this.tryRequest({ verbs: this.plainVerbs, weight: 1, named: undefined }) !== undefined;
  }

  /** @internal */
  verbsFor(request: { readonly weight?: number | undefined; readonly mode?: unknown }): Verbs {
    if (request.weight !== undefined || request.mode !== undefined)
      throw new LtlError('E_ARGUMENT', `${this.label} has neither weights nor modes`);
    return this.plainVerbs;
  }

  /** @internal */
  override get reentrant(): boolean {
    return true;
  }

  /** @internal Anybody may set it. */
  feasible(): boolean {
    return true;
  }

  protected valuation(weight: number): number {
    return GUARDS.last(this, weight) ? AUTO.guard('last') : 0;
  }
}
