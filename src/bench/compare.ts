/**
 * A comparison: every store once under the same load, in a rotated order, then again, each run in a process of its own and
 * from an empty folder that is removed after it. A stop ends the run that is under way in order, and no other begins.
 */
import { fork } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { fromWireError, LtlError } from '../words/errors.js';
import type { FromRun, Load, RunJob, RunProgress, RunResult } from './job.js';
import { packageVersion } from './packages.js';
import { STORES } from './stores/registry.js';
import type { Contender } from './summary.js';

export interface Comparison {
  readonly load: Load;
  /** Short names; those that are absent are left out. */
  readonly stores: readonly string[];
  readonly rounds: number;
  /** An empty folder that the caller removes. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (label: string, round: number, progress: RunProgress) => void;
}

export interface Compared {
  readonly contenders: readonly Contender[];
  /** Stores whose library is not installed, with its name. */
  readonly absent: readonly { readonly store: string; readonly needs: string }[];
}

/** Stores whose library is not there. */
export function absentStores(stores: readonly string[]): { store: string; needs: string }[] {
  return stores.flatMap((store) => {
    const needs = STORES[store]?.needs;
    return needs === undefined || packageVersion(needs) !== undefined ? [] : [{ store, needs }];
  });
}

export async function compare(comparison: Comparison): Promise<Compared> {
  const { stores, rounds, signal } = comparison;
  const absent = absentStores(stores);
  const present = stores.filter((store) => absent.every((one) => one.store !== store));
  const results = present.map((): RunResult[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < present.length && !signal.aborted; turn += 1) {
      const at = (turn + round) % present.length;
      const result = await once(comparison, present[at] ?? '', round);
      // Stopped while it warmed up, it has measured nothing.
      if (!result.interrupted || result.latency.count > 0) results[at]?.push(result);
    }
  }
  const contenders = present.map((store, at): Contender => {
    const kind = STORES[store];
    const { label = store, how = '', role = 'peer' } = kind ?? {};
    return { store, label, how, role, rounds: results[at] ?? [] };
  });
  return { contenders, absent };
}

async function once(
  { folder, load, signal, onProgress }: Comparison,
  store: string,
  round: number,
): Promise<RunResult> {
  const own = fs.mkdtempSync(join(folder, 'run-'));
  const job: RunJob = { store, folder: own, removes: true, load };
  const child = fork(new URL('./run.child.js', import.meta.url), [JSON.stringify(job)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stop = (): void => void (child.connected && child.send('stop'));
  signal.addEventListener('abort', stop);
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      let text = '';
      child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(-2000);
      });
      let answer: Exclude<FromRun, RunProgress> | undefined;
      child.on('message', (message: FromRun) => {
        if (message.kind === 'progress') onProgress(STORES[store]?.label ?? store, round, message);
        else answer = message;
      });
      child.once('error', reject);
      child.once('close', (code, signalName) => {
        if (answer?.kind === 'result') resolve(answer.result);
        else if (answer?.kind === 'failed') reject(fromWireError(answer.error));
        else reject(new LtlError('E_ACTOR_FAILED', `the run of ${store} ended with ${signalName ?? code}\n${text}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
    fs.rmSync(own, { recursive: true, force: true });
  }
}
