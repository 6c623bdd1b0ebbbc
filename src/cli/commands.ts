/** Every command of `ltl`, in the order of the help. To add one: a row here, a file that exports its run. */
import type { Command, Option, Run } from './command.js';

const json: Option = { type: 'boolean', about: 'print JSON, for machines' };

/** Options that every command with a store takes. */
const store = {
  path: { type: 'string', value: 'DIR', about: 'the folder of the store (default: see `ltl help`)' },
  config: { type: 'string', value: 'K=V,…', about: 'configuration keys, as for open()' },
} as const satisfies Record<string, Option>;

const help: Option = { type: 'boolean', short: 'h', about: 'this text' };

export const COMMANDS = {
  append: {
    summary: 'append lines of a file or of stdin, a record per line',
    operands: '[FILE|-]',
    operandsMax: 1,
    options: {
      json: { type: 'boolean', about: 'each line is a JSON value (default: a string, stored without its LF)' },
      ack: { type: 'boolean', about: 'print each acknowledged seq on a line of its own, once it is durable' },
      ...store,
      help,
    },
    more: `A record is acknowledged when its bytes are on disk. The report goes to stderr, so stdout holds acknowledgements only.
A bad line (no UTF-8, no JSON, a value that cannot be stored) ends the run with status 65 and names its number: the lines
before it are stored and acknowledged, nothing after it is. SIGINT and SIGTERM stop the reading, wait for what was taken,
and close the store.`,
    examples: ['ltl append access.log', 'producer | ltl append --json --ack - > acknowledged'],
    load: async () => (await import('./append.js')).append,
  },
  read: {
    summary: 'print records in order, or follow new ones',
    operands: '',
    operandsMax: 0,
    options: {
      from: { type: 'string', value: 'SEQ', about: 'the first seq' },
      to: { type: 'string', value: 'SEQ', about: 'stop before this seq' },
      since: { type: 'string', value: 'TIME', about: 'records stamped at or after TIME' },
      until: { type: 'string', value: 'TIME', about: 'records stamped before TIME' },
      reverse: { type: 'boolean', about: 'newest first' },
      follow: { type: 'boolean', short: 'f', about: 'go on with new records until a signal' },
      'skip-damaged': { type: 'boolean', about: 'leave damaged records out instead of stopping at them' },
      json: { type: 'boolean', about: '{"seq","timeMs","data"} per line (default: the data as text)' },
      ...store,
      help,
    },
    more: `TIME is a number of milliseconds since 1970 or an ISO 8601 date. Without --json a string is printed as it is and any other
value as JSON. In JSON a bigint is a string, bytes are {"$bytes":"base64"} and dates are ISO 8601.
Reading works while another process writes. --follow ends with status 0 on SIGINT and SIGTERM.`,
    examples: [
      'ltl read --from 100 --to 200 --json',
      'ltl read --since 2026-01-01T00:00:00Z',
      'ltl read --follow | grep error',
    ],
    load: async () => (await import('./read.js')).read,
  },
  one: {
    summary: 'print the record with a seq',
    operands: 'SEQ',
    operandsMax: 1,
    options: {
      json: { type: 'boolean', about: '{"seq","timeMs","data"} (default: the data as text)' },
      ...store,
      help,
    },
    more: '',
    examples: ['ltl one 0 --json'],
    load: async () => (await import('./read.js')).one,
  },
  verify: {
    summary: 'recompute every checksum; name each damage',
    operands: '',
    operandsMax: 0,
    options: { json, ...store, help },
    more: `Status 0: all that was acknowledged is there and holds. Status 65: damage; each is named by segment, offset and seqs.
Works beside a writer, and changes nothing.`,
    examples: ['ltl verify --path /srv/events --json'],
    load: async () => (await import('./verify.js')).verify,
  },
  status: {
    summary: 'what state the store is in, and why',
    operands: '',
    operandsMax: 0,
    options: { json, ...store, help },
    more: '',
    examples: ['ltl status'],
    load: async () => (await import('./status.js')).status,
  },
  stat: {
    summary: 'counters: records, bytes, segments, time span',
    operands: '',
    operandsMax: 0,
    options: { json, ...store, help },
    more: '',
    examples: ['ltl stat --json'],
    load: async () => (await import('./status.js')).stat,
  },
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
    summary: 'measure appends: your records, rate and disk (see `ltl bench help`)',
    operands: 'append [options]',
    operandsMax: Number.POSITIVE_INFINITY,
    options: {},
    more: '`ltl bench append --help` tells every option. In a checkout also the benches of ltl itself, beside other libraries: `ltl bench NAME`.',
    examples: ['ltl bench append --rate 20000 --for 1m --html report.html', 'ltl bench help'],
    load: async () => (await import('./bench.js')).bench,
  },
  tune: {
    summary: 'measure this machine, and find the setting for a goal',
    operands: '',
    operandsMax: 0,
    options: {
      for: { type: 'string', value: 'TIME', about: 'how long it may take: 3s to 1h (default 60s)' },
      goal: { type: 'string', value: 'GOAL', about: 'throughput (default), latency or quiet' },
      apply: { type: 'boolean', about: "write what is recommended to the store's config.json" },
      html: { type: 'string', value: 'FILE', about: 'write a report with pictures, one file' },
      seed: { type: 'string', value: 'N', about: 'the order of the trials (default: another each time)' },
      json,
      path: { type: 'string', value: 'DIR', about: 'the folder whose disk is measured (default: see `ltl help`)' },
      help,
    },
    more: `Works in a temporary folder inside DIR and removes it. Recommends a setting only when it wins a fresh comparison with the
default at the end of the run; keeps the default where the machine is too noisy to tell. See docs/tuning.md.`,
    examples: ['ltl tune --for 30s', 'ltl tune --goal latency --path /srv/events --apply --html tune.html'],
    load: async () => (await import('./tune.js')).tune,
  },
  demo: {
    summary: 'the whole runtime at work on real input, in a few seconds',
    operands: '[FILE|-]',
    operandsMax: 1,
    options: { json: { type: 'boolean', about: 'print the findings as JSON' }, ...store, help },
    more: `Appends the lines of FILE (or the source lines and lock file entries of this package), naps in the middle and wakes,
makes a worker fail on purpose, verifies, reads everything back, queries, and sums up. Without --path it works in a temporary folder and
removes it.`,
    examples: ['ltl demo', 'ltl demo /var/log/syslog'],
    load: async () => (await import('./demo.js')).demo,
  },
  policy: {
    summary: 'sleep policies, simulated and live (see `ltl policy help`)',
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
