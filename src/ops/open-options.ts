/**
 * What `open` takes beside the configuration, checked before anything is touched: a writer that was meant to be a reader would
 * make a store or take its lock, so nothing is guessed.
 */
import { assertFlag, assertOptions, shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { OS_SIGNALS, type OsSignal } from './os-signals.js';

/** What `open` takes beside the configuration. */
export interface OpenOptions {
  /** Only read, beside a writer in this or another process. */
  readonly readOnly?: boolean;
  /**
   * Takes signals of the operating system: true for SIGTERM and SIGINT (EXIT, then the signal takes its usual course),
   * SIGUSR2 (NAP and awake in turn) and SIGHUP (sets SIGNAL('SIGHUP'), for those who keep logs to reopen); or their names.
   */
  readonly osSignals?: boolean | readonly OsSignal[];
  /** The outside, replaced: `disk` is the URL of a module that exports a `disk` (see docs/HACKING.md). */
  readonly ports?: { readonly disk?: string };
}

/** Throws E_ARGUMENT. */
export function assertOpenOptions(options: OpenOptions): void {
  assertOptions('open', options, ['readOnly', 'osSignals', 'ports']);
  const { readOnly, osSignals, ports } = options;
  assertFlag('readOnly', readOnly);
  if (!Array.isArray(osSignals)) assertFlag('osSignals', osSignals);
  else
    for (const name of osSignals as unknown[])
      if (!OS_SIGNALS.includes(name as OsSignal))
        throw new LtlError('E_ARGUMENT', `${shown(name)} is none of ${OS_SIGNALS.join(', ')}`);
  if (ports === undefined) return;
  assertOptions('open({ ports })', ports, ['disk']);
  if (ports.disk !== undefined && !(typeof ports.disk === 'string' && URL.canParse(ports.disk)))
    throw new LtlError('E_ARGUMENT', `ports.disk must be the URL of a module, not ${shown(ports.disk)}`);
}
