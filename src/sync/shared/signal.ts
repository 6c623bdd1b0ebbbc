/** A signal across threads; see shared.ts for thread safety, ordering and fairness, and signal.ts for auto and manual reset. */
import type { SignalOptions } from '../signal.js';
import { type SharedAcquireOptions, type SharedHandle, SharedLock } from './shared.js';

type SignalKind = 'signalAuto' | 'signalManual';

export class SharedSignal extends SharedLock<SignalKind> {
  constructor(options: SignalOptions & { readonly handle?: SharedHandle<SignalKind> } = {}) {
    const { handle, resets = 'auto' } = options;
    super(handle?.kind ?? (resets === 'auto' ? 'signalAuto' : 'signalManual'), 1, options, handle);
  }

  /** Joins the signal of a handle in this thread. */
  static from(handle: SharedHandle<SignalKind>): SharedSignal {
    return new SharedSignal({ handle });
  }

  /** True while it is set and would let the next one through. */
  get isSet(): boolean {
    return this.state === 'set' || this.state === 'pending';
  }

  /** Sets it; waiters in any thread are let through in order. */
  set(): void {
    this.protocol.tell(this.words.engine.micro.event('SET' as never));
  }

  /** Takes the setting back, where nobody was let through by it. */
  reset(): void {
    this.protocol.tell(this.words.engine.micro.event('RESET' as never));
  }

  /** Resolves when the signal lets this caller through. Rejects with E_ABORTED, E_TIMEOUT or E_LIMIT. */
  async wait(options: SharedAcquireOptions = {}): Promise<void> {
    await this.park(this.words.modes.hard, 1, options);
  }

  /** Blocks this thread, which must be a worker, until it is let through. Throws E_TIMEOUT, E_LIMIT, and E_ARGUMENT in the main thread. */
  waitSync(timeoutMs: number = Number.POSITIVE_INFINITY): void {
    this.block(this.words.modes.hard, 1, timeoutMs);
  }

  /** True if it is set and nobody waits before this caller; an auto signal is used up by it. */
  tryWait(): boolean {
    return this.tryTake(this.words.modes.hard, 1);
  }
}
