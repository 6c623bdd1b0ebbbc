/** From the words of a command line to a command and its arguments. A mistake is E_USAGE and names what was nearest. */
import { parseArgs } from 'node:util';
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import type { Arguments, Command } from './command.js';

/** What the words before and after the command's name are. */
export interface Invocation {
  /** Null when no command is named. */
  readonly name: string | null;
  /** The command's own words; options that stood before the name come first. */
  readonly words: readonly string[];
}

/** Options that may stand before the command; each takes a value. */
const LEADING = new Set(['--path', '--config']);

/** Finds the command: `append …`, `--append …`, `--config k=v append …`. */
export function findCommand(words: readonly string[], names: readonly string[]): Invocation {
  const leading: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const rest = (): string[] => [...leading, ...words.slice(index + 1)];
    if (!word.startsWith('-')) return { name: word, words: rest() };
    const [option = '', value] = word.split('=', 2);
    if (LEADING.has(option)) {
      leading.push(word);
      if (value !== undefined) continue;
      index += 1;
      const next = words[index];
      if (next === undefined) throw new LtlError('E_USAGE', `${option} needs a value`);
      leading.push(next);
    } else if (word === '--help' || word === '-h') {
      return { name: 'help', words: words.slice(index + 1) };
    } else if (names.includes(word.slice(2))) {
      return { name: word.slice(2), words: rest() };
    } else {
      const meant = nearest(word, [...names.map((name) => `--${name}`), ...LEADING, '--version']);
      throw new LtlError('E_USAGE', `unknown option ${word}${hint(meant)}`);
    }
  }
  return { name: null, words: leading };
}

export function unknownCommand(name: string, names: readonly string[]): LtlError {
  return new LtlError('E_USAGE', `unknown command ${name}${hint(nearest(name, names))}`);
}

/** The words of a command, checked against its options. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  let parsed: { values: Arguments['values']; positionals: string[] };
  try {
    const options = Object.fromEntries(
      Object.entries(command.options).map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    );
    parsed = parseArgs({ args: [...words], options, allowPositionals: true }) as typeof parsed;
  } catch (error) {
    throw usageError(error, Object.keys(command.options));
  }
  const surplus = parsed.positionals[command.operandsMax];
  if (surplus !== undefined) throw new LtlError('E_USAGE', `unexpected argument ${surplus}`);
  return { values: parsed.values, operands: parsed.positionals };
}

function usageError(error: unknown, options: readonly string[]): LtlError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !code.startsWith('ERR_PARSE_ARGS')) throw error;
  const dashed = /^Option '(.*)' argument is ambiguous/.exec(message)?.[1];
  if (dashed !== undefined)
    return new LtlError('E_USAGE', `${dashed} is followed by another option, not by its value`, { cause: error });
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return new LtlError('E_USAGE', message.split('\n')[0] ?? message, { cause: error });
  const meant = nearest(
    unknown,
    options.map((name) => `--${name}`),
  );
  return new LtlError('E_USAGE', `unknown option ${unknown}${hint(meant)}`, { cause: error });
}

/** No log reaches it: seqs are kept below, so that they are exact everywhere. */
const SEQ_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A seq as a person writes it; what no log can reach is as good as the greatest. */
export function parseSeq(text: string, what: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new LtlError('E_USAGE', `${what} wants a seq (0, 1, 2, …), not ${quoted(text)}`);
  const seq = BigInt(text);
  return seq < SEQ_MAX ? seq : SEQ_MAX;
}

/** Milliseconds since 1970 or an ISO 8601 date, as milliseconds. */
export function parseTime(text: string, what: string): number {
  const timeMs = /^\d+$/.test(text) ? Number(text) : ISO_DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isSafeInteger(timeMs)) return timeMs;
  throw new LtlError('E_USAGE', `${what} wants milliseconds or an ISO 8601 date, not ${quoted(text)}`);
}

const ISO_DATE = /^\d{4}(-\d\d(-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?)?)?$/;

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const hint = (meant: string | null): string => (meant === null ? '' : `; did you mean ${meant}?`);
