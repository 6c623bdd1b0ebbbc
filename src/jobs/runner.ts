/** What every worker of the job pool runs: loads the job's module and calls its default export with the data and a context. */

import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import { LtlError } from '../words/errors.js';

export interface JobTask {
  readonly module: string;
  readonly data: unknown;
  readonly port: MessagePort;
}

export interface FromJob {
  readonly progress: unknown;
}

export interface ToJob {
  readonly tag: 'abort';
}

/** What a job is given beside its data. */
export interface JobContext {
  /** Aborts when nobody waits for the job any more. A job that does not heed it is ended with its thread. */
  readonly signal: AbortSignal;
  progress(progress: unknown): void;
}

export type Job<Data = unknown, Result = unknown> = (data: Data, context: JobContext) => Result | Promise<Result>;

export default async function run({ module, data, port }: JobTask): Promise<unknown> {
  const controller = new AbortController();
  port.on('message', ({ tag }: ToJob) => controller.abort(new LtlError('E_ABORTED', `the job was ${tag}ed`)));
  try {
    const { default: job } = (await import(module)) as { default?: Job };
    if (typeof job !== 'function')
      throw new LtlError('E_ARGUMENT', `${module} has no default export that is a function`);
    return await job(data, {
      signal: controller.signal,
      progress: (progress) => report(port, progress),
    });
  } catch (error) {
    // Whatever was thrown, an Error crosses: its name, message and stack.
    throw error instanceof Error ? error : new Error(inspect(error));
  } finally {
    port.close();
  }
}

function report(port: MessagePort, progress: unknown): void {
  try {
    port.postMessage({ progress } satisfies FromJob);
  } catch (cause) {
    throw new LtlError('E_UNCLONEABLE', `the progress cannot cross threads: ${String(cause)}`, { cause });
  }
}
