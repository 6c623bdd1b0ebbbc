/** The help texts, made from the list of commands, so that they cannot tell of options that do not exist. */
import type { Command, Io, Option, Run } from './command.js';
import { writeAll } from './output.js';
import { unknownCommand } from './parse.js';
import { hang, wrap } from './text.js';

const WIDTH = 80;
const LABEL_CELLS = 20;

export type CommandList = Readonly<Record<string, Command>>;

/** `ltl help [COMMAND]`. */
export function helpCommand(commands: CommandList): Run {
  return async ({ operands: [name] }, io: Io) => {
    if (name === undefined) await writeAll(io.stdout, overview(commands));
    else await writeAll(io.stdout, commandHelp(commands, name));
    return 0;
  };
}

/** What `ltl` alone prints. */
export function overview(commands: CommandList): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => row(name, summary));
  return `ltl keeps records: acknowledged when on disk, owned by supervised threads.

usage: ltl COMMAND [options]            (ltl --COMMAND [options] is the same)
       ltl --config KEY=VALUE,… COMMAND [options]

${rows.join('\n')}

${row('--path DIR', STORE)}
${row('--config K=V,…', 'configuration keys, as for open()')}
${row('--version, -V', 'print the version')}

${wrap(STATUSES, WIDTH).join('\n')}
`;
}

const STORE =
  'the folder of the store; without it $XDG_DATA_HOME/ltl, else /var/lib/ltl for root and ~/.local/share/ltl for others ' +
  "(elsewhere than on Linux: the platform's place for data)";

const STATUSES =
  'Data goes to stdout, everything else to stderr. Exit status: 0 done, 64 usage, 65 bad or damaged data, 66 no such input, ' +
  'record or store, 69 not available, 70 internal, 73 cannot create, 74 input or output failed, 75 locked or asleep (try ' +
  'again), 77 no permission, 78 configuration, 130 and 143 ended by SIGINT and SIGTERM.';

/** The help of one command. Throws E_USAGE for a name that is none. */
export function commandHelp(commands: CommandList, name: string): string {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw unknownCommand(name, Object.keys(commands));
  const hasOptions = Object.keys(command.options).length > 0;
  const parts = [
    `usage: ltl ${[name, command.operands].filter(Boolean).join(' ')}${hasOptions ? ' [options]' : ''}`,
    `${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.`,
  ];
  if (hasOptions) parts.push(optionRows(command.options));
  if (command.more !== '') parts.push(wrap(command.more, WIDTH).join('\n'));
  if (command.examples.length > 0) parts.push(command.examples.map((line) => `  $ ${line}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function optionRows(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { short, value, about }]) => {
      const names = `--${name}${value === undefined ? '' : ` ${value}`}${short === undefined ? '' : `, -${short}`}`;
      return row(names, about);
    })
    .join('\n');
}

const row = (left: string, right: string): string => hang(`  ${left}`, LABEL_CELLS, right, WIDTH);
