/** Where a bench's results and its progress go. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Writes a result file, making its folder, and says so on stderr. */
export function save(file: string, content: string): void {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  process.stderr.write(`bench: wrote ${file}\n`);
}

/** A report as it is made: shown at once on stdout, and kept for a file. */
export class Report {
  #text = '';

  show(text: string): void {
    process.stdout.write(text);
    this.#text += text;
  }

  get text(): string {
    return this.#text;
  }
}

/** What goes on just now: one line that is written over in a terminal, nothing elsewhere. An empty text clears it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
