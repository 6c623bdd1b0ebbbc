/**
 * `npm run bench -- NAME [options]`: one bench a question, each in a file of its own that exports `run`. The list below
 * is the help text too.
 */
import { installPeers, peerNames, peerVersion } from './peers.js';

interface Bench {
  /** Runs with the arguments after the bench's name; prints its report on stdout, progress on stderr. */
  run(args: readonly string[]): void | Promise<void>;
}

interface Entry {
  readonly about: string;
  readonly load: () => Promise<Bench>;
}

const BENCHES: Readonly<Record<string, Entry>> = {
  append: {
    about: 'durable appends beside other stores: throughput, latency, CPU, bytes',
    load: () => import('./append.js'),
  },
  read: {
    about: 'random gets, scans, opening, and opening after SIGKILL, beside other stores',
    load: () => import('./read.js'),
  },
  peers: {
    about: 'installs the libraries that the benches compare with, and lists their versions',
    load: async () => ({ run: listPeers }),
  },
};

function listPeers(): void {
  const absent = installPeers();
  for (const name of peerNames()) process.stdout.write(`${name} ${peerVersion(name) ?? 'absent'}\n`);
  if (absent.length > 0) process.exitCode = 69;
}

function help(): string {
  const rows = Object.entries(BENCHES).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`);
  return ['usage: npm run bench -- NAME [options]', '', ...rows, '', 'NAME --help tells the options of one.', ''].join(
    '\n',
  );
}

const [name = 'help', ...args] = process.argv.slice(2);
const entry = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (entry !== undefined) {
  await (await entry.load()).run(args);
} else if (name === 'help' || name === '--help') {
  process.stdout.write(help());
} else {
  process.stderr.write(`bench: there is no bench "${name}"\n\n${help()}`);
  process.exitCode = 64;
}
