/** Runs the built `ltl` as a person would: a process of its own, with real pipes and signals. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

export const MAIN = path.join(import.meta.dirname, '../../dist/src/cli/main.js');

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end with that input. */
export async function ltl(
  words: readonly string[],
  input: string | Buffer = '',
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = start(words, env);
  child.stdin.end(input);
  return ended(child);
}

export function start(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd: string = process.cwd(),
): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: 'pipe', env: { ...process.env, ...env }, cwd });
  // A child that ends before it has read its input closes the pipe; that is its business.
  child.stdin.on('error', () => undefined);
  return child;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: status as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
}

/** A folder that is removed by the returned function. */
export function scratch(): { folder: string; remove: () => void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-cli-'));
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}
