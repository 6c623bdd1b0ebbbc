/** Every command of `ltl`, in the order of the help. To add one: a row here, a file that exports its run. */
import type { Command, Option, Run } from './command.js';

const json: Option = { type: 'boolean', about: 'print JSON, for machines' };

const help: Option = { type: 'boolean', short: 'h', about: 'this text' };

export const COMMANDS = {
  machines: {
    summary: 'the state machines that run in here',
    operands: '[NAME]',
    operandsMax: 1,
    options: {
      mermaid: { type: 'boolean', about: 'as a Mermaid diagram' },
      json,
      help,
    },
    more: '',
    examples: ['ltl machines', 'ltl machines sleep --mermaid'],
    load: async () => (await import('./machines.js')).machines,
  },
  bench: {
    summary: 'measure it on this machine, beside other stores (in a checkout)',
    operands: '[NAME] [options]',
    operandsMax: Number.POSITIVE_INFINITY,
    options: {},
    more: '',
    examples: ['ltl bench append'],
    load: async () => (await import('./bench.js')).bench,
  },
  policy: {
    summary: 'simulate and compare sleep policies (see `ltl policy help`)',
    operands: 'COMMAND [options]',
    operandsMax: Number.POSITIVE_INFINITY,
    options: {},
    more: '',
    examples: ['ltl policy help'],
    load: async () => (await import('./forward.js')).policy,
  },
  help: {
    summary: 'this text, or the options of one command',
    operands: '[COMMAND]',
    operandsMax: 1,
    options: { help },
    more: '',
    examples: ['ltl help append'],
    load: async (): Promise<Run> => (await import('./help.js')).helpCommand(COMMANDS),
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

export function commandNames(): CommandName[] {
  return Object.keys(COMMANDS) as CommandName[];
}
