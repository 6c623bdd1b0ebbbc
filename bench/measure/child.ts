/** A measurement in a process of its own: the parent sends a job as data, the child answers once and ends. */
import { fork } from 'node:child_process';
import { LtlError } from '../../src/words/errors.js';

/**
 * Starts `file` (a URL of a compiled module) with that job and resolves to its answer. The child's stderr is shown;
 * when it ends without an answer the promise rejects with what it printed last.
 */
export function inChild<Result>(file: URL, work: object, execArgv: readonly string[] = []): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(file, [JSON.stringify(work)], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let result: { readonly value: Result } | undefined;
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-4000);
    });
    child.once('message', (value) => {
      result = { value: value as Result };
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (result !== undefined && code === 0) resolve(result.value);
      else reject(new LtlError('E_ACTOR_FAILED', `a bench process ended with ${signal ?? code}\n${text}`));
    });
  });
}

/**
 * Starts `file` with that job and kills it with SIGKILL once it has told of `atLeast` acknowledged records. Resolves to
 * the last it told before it died.
 */
export function killedChild<Told extends { acknowledged: number }>(
  file: URL,
  work: object,
  atLeast: number,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = fork(file, [JSON.stringify(work)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let last: Told | undefined;
    child.on('message', (told) => {
      last = told as Told;
      if (last.acknowledged >= atLeast) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL' && last !== undefined) resolve(last);
      else reject(new LtlError('E_ACTOR_FAILED', `a bench process ended with ${signal ?? code} before it was killed`));
    });
  });
}

/** A child whose parent has gone has nobody to answer and a folder that is being removed. */
const leave = (): never => process.exit(1);

/** In the child: what it was asked to do. */
export function job(): unknown {
  process.once('disconnect', leave);
  return JSON.parse(process.argv[2] ?? '{}') as unknown;
}

/** In the child: sends the answer; the process ends by itself when nothing else is open. */
export function answer(result: object): void {
  process.send?.(result, () => {
    process.off('disconnect', leave);
    process.disconnect?.();
  });
}
