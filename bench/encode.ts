/**
 * `npm run bench -- encode`: how fast a value becomes bytes and bytes a value, beside msgpackr and JSON in the same run.
 * ltl writes whole frames into shared memory, as a producer does; msgpackr and JSON make a buffer or a string of their
 * own, as they do when they are called. The rounds of all tasks are interleaved by tinybench's `concurrency: null` runs
 * repeated ROUNDS times, and the median of the rounds is told.
 */
import { cpus } from 'node:os';
import { Packr, Unpackr } from 'msgpackr';
import { Bench } from 'tinybench';
import { crc32 } from '../src/record/checksum.js';
import { RecordDecoder } from '../src/record/decoder.js';
import { type EncodeTarget, RecordEncoder } from '../src/record/encoder.js';

/** Encodes or decodes all records once. */
type Pass = () => void;

interface Task {
  readonly name: string;
  readonly peer: boolean;
  readonly pass: Pass;
}

interface Frames {
  readonly bytes: Buffer;
  /** kind, shape id, start and end of each payload. */
  readonly index: readonly (readonly [number, number, number, number])[];
  readonly decoder: RecordDecoder;
}

const RECORDS = 2000;
const ROUNDS = 5;
const RING_BYTES = 2 ** 20;

const LOG_SHAPE = { t: 'number', level: 'string', user: 'string', op: 'string', msg: 'string' } as const;
const WORDS = ['lorem', 'ipsum', 'dolor', 'sit', 'amet', 'consectetur', 'adipiscing'] as const;
const LEVELS = ['info', 'info', 'info', 'warn'] as const;
const OPS = ['read', 'write', 'open'] as const;

const SETS: Readonly<Record<string, (index: number) => object>> = {
  'log line, {t, level, user, op, msg}': (index) => ({
    t: 1_763_800_000_000 + index,
    level: LEVELS[index % 4],
    user: `user-${index % 1000}`,
    op: OPS[index % 3],
    msg: `${WORDS[index % 7]} request handled in ${index % 97} ms by node ${index % 13}`,
  }),
  'nested, {id, user: {…}, tags: […], pos: […], meta: {…}}': (index) => ({
    id: index,
    user: { name: `user-${index % 100}`, age: index % 80, admin: index % 7 === 0 },
    tags: ['a', 'b', `tag${index % 10}`],
    pos: [index * 0.5, index * 0.25],
    meta: { host: `server-${index % 5}`, pid: index % 4000 },
  }),
  'three kinds of record in turn': (index) => {
    if (index % 3 === 0) return { t: 1_763_800_000_000 + index, level: 'info', msg: 'hello' };
    return index % 3 === 1
      ? { seq: index, user: `u${index % 50}`, ok: true }
      : { t: 1_763_800_000_000 + index, metric: 'cpu', value: index * 0.1 };
  },
};

export async function run(args: readonly string[]): Promise<void> {
  const timeMs = Number(args[0] ?? 200);
  if (args[0] === '--help' || !(timeMs > 0)) {
    process.stdout.write('usage: npm run bench -- encode [MILLISECONDS for each task and round, 200]\n');
    return;
  }
  process.stdout.write(`${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, Node ${process.version}\n`);
  for (const [name, make] of Object.entries(SETS)) {
    const records = Array.from({ length: RECORDS }, (_, index) => make(index));
    process.stdout.write(`\n${name}: ${RECORDS} records, JSON ${meanBytes(records)} bytes each\n`);
    const registered = name.startsWith('log');
    await report('encode', encodeTasks(records, registered), timeMs);
    await report('decode', decodeTasks(records), timeMs);
  }
}

function meanBytes(records: readonly object[]): string {
  return (records.reduce((sum, record) => sum + JSON.stringify(record).length, 0) / records.length).toFixed(1);
}

async function report(title: string, tasks: readonly Task[], timeMs: number): Promise<void> {
  const nanoseconds = new Map<string, number[]>(tasks.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`${title}: round ${round + 1} of ${ROUNDS}\r`);
    const bench = new Bench({ time: timeMs, warmup: round === 0, warmupTime: timeMs });
    for (const { name, pass } of tasks) bench.add(name, pass);
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
      nanoseconds.get(name)!.push((result.latency.p50 * 1e6) / RECORDS);
    }
  }
  const rows = tasks.map(({ name, peer }) => ({ name, peer, ns: median(nanoseconds.get(name)!) }));
  const best = Math.min(...rows.filter(({ peer }) => peer).map(({ ns }) => ns));
  for (const { name, ns } of rows) {
    const columns = [
      `${ns.toFixed(0)} ns`,
      `${(1e3 / ns).toFixed(2)} M/s`,
      `${(best / ns).toFixed(2)} of the best peer`,
    ];
    process.stdout.write(`  ${title} ${name.padEnd(34)}${columns.map((text) => text.padStart(12)).join('  ')}\n`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function encodeTasks(records: readonly object[], registered: boolean): Task[] {
  const plain = new Packr({ useRecords: false });
  const shared = new Packr({ structures: [] });
  const ltl = (name: string, learnMax: number, message?: string): Task => {
    const encoder = makeEncoder(learnMax);
    if (message !== undefined) encoder.registerMessage(message, LOG_SHAPE);
    encoder.takeDefinitions();
    const target = makeTarget(RING_BYTES);
    const end = encodeAll(encoder, target, records, message);
    encodeAll(encoder, target, records, message);
    const checksum = crc32(target.bytes.subarray(0, end)).toString(16).padStart(8, '0');
    process.stdout.write(`  ${name}: ${(end / records.length).toFixed(1)} bytes a frame, crc32 ${checksum}\n`);
    return { name, peer: false, pass: () => void encodeAll(encoder, target, records, message) };
  };
  const peer = (name: string, encode: (record: object) => { readonly length: number }): Task => ({
    name,
    peer: true,
    pass: () => {
      let length = 0;
      for (const record of records) length += encode(record).length;
      if (length === 0) throw new Error(`${name} made nothing`);
    },
  });
  return [
    ltl('ltl plain map', 0),
    ltl('ltl learned shape', 1024),
    ...(registered ? [ltl('ltl registered message, asked for', 0, 'log')] : []),
    peer('msgpackr plain', (record) => plain.pack(record)),
    peer('msgpackr shared structures', (record) => shared.pack(record)),
    peer('JSON.stringify', (record) => JSON.stringify(record)),
  ];
}

function decodeTasks(records: readonly object[]): Task[] {
  const ltl = (name: string, learnMax: number, steady: boolean): Task => {
    const { bytes, index, decoder } = frames(records, learnMax);
    const first = JSON.stringify(decoder.decode(bytes, index[0]![2], index[0]![3], index[0]![0], index[0]![1]));
    if (first !== JSON.stringify(records[0])) throw new Error(`${name} decodes ${first}`);
    return {
      name,
      peer: false,
      pass: () => {
        decoder.steady(steady ? bytes : null);
        for (const [kind, shapeId, start, end] of index) decoder.decode(bytes, start, end, kind, shapeId);
      },
    };
  };
  const peer = <Form>(name: string, forms: readonly Form[], decode: (form: Form) => unknown): Task => ({
    name,
    peer: true,
    pass: () => {
      for (const form of forms) decode(form);
    },
  });
  const plain = new Packr({ useRecords: false });
  const shared = new Packr({ structures: [] });
  const copies = (packr: Packr): Buffer[] => records.map((record) => Buffer.from(packr.pack(record)));
  const plainForms = copies(plain);
  const sharedForms = copies(shared);
  const unpackr = new Unpackr({ useRecords: false });
  return [
    ltl('ltl plain map', 0, false),
    ltl('ltl learned shape', 1024, false),
    ltl('ltl learned shape, steady bytes', 1024, true),
    peer('msgpackr plain', plainForms, (form) => unpackr.unpack(form)),
    peer('msgpackr shared structures', sharedForms, (form) => shared.unpack(form)),
    peer(
      'JSON.parse',
      records.map((record) => JSON.stringify(record)),
      (form) => JSON.parse(form) as unknown,
    ),
  ];
}

function makeEncoder(learnMax: number): RecordEncoder {
  let id = 0;
  return new RecordEncoder({
    learnMax,
    allocateShapeId: () => {
      id += 1;
      return id;
    },
  });
}

function makeTarget(bytes: number): EncodeTarget {
  const memory = new SharedArrayBuffer(bytes);
  return { bytes: Buffer.from(memory), view: new DataView(memory), position: 0, limit: bytes };
}

/** Encodes all records from the start of the ring, and from its start again when it is full; returns the last place. */
function encodeAll(encoder: RecordEncoder, target: EncodeTarget, records: readonly object[], message?: string): number {
  target.position = 0;
  for (const record of records) {
    let end = encoder.encode(target, record, 0, message);
    if (end < 0) {
      target.position = 0;
      end = encoder.encode(target, record, 0, message);
    }
    target.position = end;
    if (encoder.hasDefinitions) encoder.takeDefinitions();
  }
  return target.position;
}

function frames(records: readonly object[], learnMax: number): Frames {
  const encoder = makeEncoder(learnMax);
  const target = makeTarget(RING_BYTES);
  const decoder = new RecordDecoder();
  const index: [number, number, number, number][] = [];
  for (const record of records) {
    const end = encoder.encode(target, record, 0);
    if (end < 0) throw new Error('the ring of the bench is too small');
    const kind = (target.view.getUint32(target.position, true) >>> 29) & 3;
    index.push(
      kind === 1
        ? [kind, target.view.getUint16(target.position + 4, true), target.position + 6, end]
        : [kind, 0, target.position + 4, end],
    );
    target.position = end;
    for (const definition of encoder.takeDefinitions()) decoder.defineFrom(definition.subarray(4));
  }
  return { bytes: Buffer.from(target.bytes.slice(0, target.position)), index, decoder };
}
