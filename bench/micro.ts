/**
 * `bench micro`: the small parts of an append, each alone, with tinybench: checksum, ring, machine step, a policy's turn, and a wake-up
 * of another thread and back. (`bench encode` has the encoders.)
 */
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { Bench } from 'tinybench';
import { PolicyRun } from '../src/ops/policy-run.js';
import { parsePolicy } from '../src/policy/spec.js';
import { realClock } from '../src/ports/clock.js';
import { Stepper } from '../src/tables/stepper.js';
import { ACK, createRing, RingConsumer, RingProducer } from '../src/wire/ring.js';
import { machineFacts, machineText } from './measure/machine.js';
import { digits, table } from './report/table.js';

/** Int32 words of the wake-up measurement. */
export const WAKE_WORDS = { ask: 0, answer: 1 } as const;
/** Asked for, it ends the other thread. */
export const STOP = -1;

const FRAME_BYTES = 84;
const GROUP = 1024;

/** How often one call of a task does the thing that is counted. */
const TIMES: Record<string, number> = {};

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- micro [--quick]\n');
    return;
  }
  const bench = new Bench({
    time: args.includes('--quick') ? 20 : 1000,
    warmupTime: args.includes('--quick') ? 5 : 200,
  });
  const add = (name: string, times: number, task: () => void | Promise<void>): void => {
    TIMES[name] = times;
    bench.add(name, task);
  };
  checksums(add);
  ring(add);
  machine(add);
  policy(add);
  const stop = wakeUp(add);
  await bench.run();
  stop();
  process.stdout.write(machineText(machineFacts('.', [])));
  const rows = bench.tasks.map((task) => {
    const { result } = task;
    if (!('latency' in result))
      throw new Error(`${task.name} did not finish`, { cause: 'error' in result ? result.error : result.state });
    const times = TIMES[task.name] ?? 1;
    return [
      task.name,
      digits((result.latency.p50 * 1e6) / times),
      digits((result.latency.p99 * 1e6) / times),
      digits((times * 1000) / result.latency.mean / 1e6),
    ];
  });
  process.stdout.write(`\n${table(['', 'p50 ns', 'p99 ns', 'million/s'], rows)}`);
}

type Add = (name: string, times: number, task: () => void | Promise<void>) => void;

function checksums(add: Add): void {
  const small = Buffer.alloc(FRAME_BYTES, 7);
  const large = Buffer.alloc(64 * 1024, 7);
  let sum = 0;
  add(`crc32 of ${FRAME_BYTES} bytes`, 100, () => {
    for (let k = 0; k < 100; k += 1) sum ^= crc32(small);
  });
  add('crc32 of 64 KiB', 10, () => {
    for (let k = 0; k < 10; k += 1) sum ^= crc32(large);
  });
  if (sum === 0.5) throw new Error('the sums are used, so that they are computed');
}

/** A frame's way through the ring in one thread: room asked for, published and given back in groups, no encoding. */
function ring(add: Add): void {
  const handle = createRing(1);
  const producer = new RingProducer(handle);
  const consumer = new RingConsumer(handle);
  let seq = 0;
  const nothing = (): void => undefined;
  add(`ring: frame in, ${GROUP} taken and acknowledged at a time`, GROUP, () => {
    for (let k = 0; k < GROUP; k += 1) {
      if (producer.limit - producer.position < FRAME_BYTES && !producer.makeRoom(FRAME_BYTES))
        throw new Error('the ring is full though all was given back');
      producer.view.setUint32(producer.position, FRAME_BYTES - 4, true);
      producer.advance(FRAME_BYTES);
    }
    producer.publish();
    const { count } = consumer.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, nothing);
    consumer.commit(count, ACK.durable, seq);
    seq += count;
    producer.takeAcks(nothing);
  });
}

function machine(add: Add): void {
  const sleep = new Stepper('sleep', {});
  add('machine step (sleep: NAP and AWAKE in turn)', 100, () => {
    for (let k = 0; k < 50; k += 1) {
      sleep.step('NAP');
      sleep.step('AWAKE');
    }
  });
}

/** What a turn of appends costs when a policy runs: the same for one record in it as for a thousand. */
function policy(add: Add): void {
  const instance = {
    sleep: (): Promise<void> => Promise.resolve(),
    awake: (): Promise<void> => Promise.resolve(),
    blockers: (): string[] => [],
    settled: (): Promise<void> => new Promise(() => undefined),
  };
  const run = new PolicyRun(parsePolicy('timeout:50'), instance, {
    shadows: [],
    calibration: null,
    recorder: null,
    seed: 1,
    totals: () => ({ fsyncs: 0, cpuMs: 0 }),
    clock: realClock,
    work: () => [],
  });
  add('live policy: a turn of appends told to it while busy', 100, () => {
    for (let k = 0; k < 100; k += 1) run.arrived(10, 1000);
  });
}

/** Wakes another thread that waits on a word and is woken by its answer; both ways of being woken. Returns its end. */
function wakeUp(add: Add): () => void {
  const memory = new SharedArrayBuffer(8);
  const words = new Int32Array(memory);
  const worker = new Worker(new URL('./wake.worker.js', import.meta.url), { workerData: memory });
  let turn = 0;
  const ask = (): number => {
    turn = (turn + 1) & 0x3fff_ffff;
    Atomics.store(words, WAKE_WORDS.ask, turn);
    Atomics.notify(words, WAKE_WORDS.ask);
    return turn;
  };
  add('wake a thread and be woken, Atomics.wait', 1, () => {
    const asked = ask();
    while (Atomics.load(words, WAKE_WORDS.answer) !== asked)
      Atomics.wait(words, WAKE_WORDS.answer, Atomics.load(words, WAKE_WORDS.answer), 100);
  });
  add('wake a thread and be woken, Atomics.waitAsync', 1, async () => {
    const asked = ask();
    for (let answer = Atomics.load(words, WAKE_WORDS.answer); answer !== asked; ) {
      // Nothing else keeps the event loop alive while a waitAsync is pending; the worker does here.
      const { async, value } = Atomics.waitAsync(words, WAKE_WORDS.answer, answer);
      // Perhaps by the call that belongs to the answer before, which was seen without it.
      if (async) await value;
      answer = Atomics.load(words, WAKE_WORDS.answer);
    }
  });
  return () => {
    Atomics.store(words, WAKE_WORDS.ask, STOP);
    Atomics.notify(words, WAKE_WORDS.ask);
    worker.unref();
  };
}
