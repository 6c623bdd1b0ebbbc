/**
 * How a child ended, as data: what the supervisor decides on, what `status()` shows, and what crosses threads.
 */
import { LtlError, type WireError } from '../words/errors.js';

export type ExitReason =
  /** It was asked to and did. */
  | { readonly kind: 'stopped' }
  /** It ended by itself, its work done. */
  | { readonly kind: 'done' }
  /** It threw, rejected, or never became ready. */
  | { readonly kind: 'error'; readonly error: WireError }
  /** process.exit() was called inside it. */
  | { readonly kind: 'exit'; readonly exitCode: number }
  /** It went over its resourceLimits. */
  | { readonly kind: 'memory'; readonly message: string }
  /** It was ended by force: it did not stop in its time, or was killed on purpose. */
  | { readonly kind: 'terminated' }
  /** It did not stop in its time and must not be ended by force: the thread is left alone, and lives on. */
  | { readonly kind: 'hung' };

/** True for an end that is not a failure: a transient child is not restarted after it. */
export function isNormal(reason: ExitReason): boolean {
  return reason.kind === 'stopped' || reason.kind === 'done';
}

/** One line for people. */
export function describeExit(reason: ExitReason): string {
  switch (reason.kind) {
    case 'stopped':
      return 'stopped when asked';
    case 'done':
      return 'finished';
    case 'error':
      return `failed: ${reason.error.code}: ${reason.error.message.split('\n', 1)[0] ?? ''}`;
    case 'exit':
      return `called process.exit(${reason.exitCode})`;
    case 'memory':
      return `ran out of memory: ${reason.message}`;
    case 'terminated':
      return 'was terminated';
    case 'hung':
      return 'did not stop in its time and was left alone';
  }
}

/** The error to give to those who waited for something of that child. */
export function exitError(name: string, reason: ExitReason): LtlError {
  if (reason.kind === 'error')
    return new LtlError(reason.error.code, `${name}: ${reason.error.message}`, {
      details: { ...reason.error.details },
    });
  return new LtlError(reason.kind === 'hung' ? 'E_ACTOR_HUNG' : 'E_ACTOR_FAILED', `${name} ${describeExit(reason)}`, {
    details: { reason },
  });
}
