#!/usr/bin/env node
/**
 * `ltl`: finds the command, checks its arguments, imports its code, and turns how it ends into an exit status. Nothing of
 * the runtime is imported before the command is known.
 */
import { ERRORS, isLtlError, nameSystemError } from '../words/errors.js';
import type { Command, Io } from './command.js';
import { COMMANDS, commandNames, isCommandName } from './commands.js';

const io: Io = process;
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let shown = 'ltl';
  try {
    if (words[0] === '--version' || words[0] === '-V') return await printVersion();
    const { findCommand, parseArguments, unknownCommand } = await import('./parse.js');
    const { name, words: rest } = findCommand(words, commandNames());
    if (name === null) return await printHelp();
    if (!isCommandName(name)) throw unknownCommand(name, commandNames());
    shown = `ltl ${name}`;
    const command: Command = COMMANDS[name];
    // A command without options of its own hands its words on.
    if (Object.keys(command.options).length === 0)
      return await (await command.load())({ values: {}, operands: rest }, io);
    const given = parseArguments(command, rest);
    if (given.values['help'] === true) return await printHelp(name);
    return await (await command.load())(given, io);
  } catch (error) {
    return report(shown, nameSystemError(error));
  }
}

async function printVersion(): Promise<number> {
  const [{ readFileSync }, { writeAll }] = await Promise.all([import('node:fs'), import('./output.js')]);
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  await writeAll(io.stdout, `${(manifest as { version: string }).version}\n`);
  return 0;
}

async function printHelp(name?: string): Promise<number> {
  const operands = name === undefined ? [] : [name];
  return (await COMMANDS.help.load())({ values: {}, operands }, io);
}

/** One line for a person and what can be done about it; a stack only for what nobody foresaw. */
function report(shown: string, error: unknown): number {
  if (error instanceof Error && error.name === 'OutputClosed') return 0;
  if (isLtlError(error)) {
    const hint = error.code === 'E_USAGE' ? `See \`${shown.replace('ltl', 'ltl help')}\`.` : error.hint;
    io.stderr.write(`${shown}: ${error.message}\n${hint}\n`);
    return ERRORS[error.code].exit;
  }
  io.stderr.write(`${shown}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ERRORS.E_FATAL.exit;
}
