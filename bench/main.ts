/**
 * `npm run bench -- NAME [options]`: one bench a question, each in a file of its own that exports `run`. The list below
 * is the help text too.
 */
import { ERRORS, isLtlError, LtlError } from '../src/words/errors.js';
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
  actors: {
    about: 'tell, ask, fan-out, memory and restart of actors, beside ports, comlink, Piscina, XState, nact',
    load: () => import('./actors.js'),
  },
  append: {
    about: 'durable appends beside other stores: throughput, latency, CPU, bytes',
    load: () => import('./append.js'),
  },
  encode: {
    about: 'values to bytes and back, beside msgpackr and JSON',
    load: () => import('./encode.js'),
  },
  read: {
    about: 'random gets, scans, opening, and opening after SIGKILL, beside other stores',
    load: () => import('./read.js'),
  },
  idle: {
    about: 'CPU of an open instance that nobody uses',
    load: () => import('./idle.js'),
  },
  sync: {
    about: 'locks beside hand-written ones and libraries: uncontended, waiters, cancellation, memory, threads',
    load: () => import('./sync.js'),
  },
  micro: {
    about: 'the small parts, each alone: checksum, ring, machine step, wake-up',
    load: () => import('./micro.js'),
  },
  live: {
    about: 'sleep policies live on a bursty trace, beside always-awake: CPU, visibility, acknowledgements',
    load: () => import('./live.js'),
  },
  policy: {
    about: 'the policy simulator: arrivals a second, parsing, memory',
    load: () => import('./policy.js'),
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

// A reader that closes the pipe early, as head does, ends the showing and not the bench, which has folders to remove.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const [name = 'help', ...args] = process.argv.slice(2);
const entry = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
try {
  if (entry !== undefined) {
    await (await entry.load()).run(args);
  } else if (name === 'help' || name === '--help') {
    process.stdout.write(help());
  } else {
    throw new LtlError('E_USAGE', `there is no bench "${name}"\n\n${help()}`);
  }
} catch (error) {
  const status = exitStatus(error);
  if (status === undefined) throw error;
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = status;
}

/** The exit status of an error that the user can do something about; undefined for any other. */
function exitStatus(error: unknown): number | undefined {
  if (isLtlError(error)) return ERRORS[error.code].exit;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_PARSE_ARGS') ? ERRORS.E_USAGE.exit : undefined;
}
