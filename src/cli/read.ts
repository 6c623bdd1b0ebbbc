/** `ltl read` and `ltl one`: records on stdout, as text or as a JSON object a line. */
import type { RangeOptions, Records, StoredRecord } from '../ltl.js';
import { toJson } from '../record/json.js';
import { LtlError } from '../words/errors.js';
import { symDATA } from '../words/symbols.js';
import type { Arguments, Io, Run } from './command.js';
import { Output } from './output.js';
import { parseSeq, parseTime } from './parse.js';
import { StopRequest } from './signals.js';
import { openFollower, openReader, type Store } from './store.js';

export const read: Run = async ({ values }, io) => {
  const { from, to, since, until } = values;
  const range = {
    ...(typeof from === 'string' && { from: parseSeq(from, '--from') }),
    ...(typeof to === 'string' && { to: parseSeq(to, '--to') }),
    ...(typeof since === 'string' && { since: parseTime(since, '--since') }),
    ...(typeof until === 'string' && { until: parseTime(until, '--until') }),
    ...(values['reverse'] === true && { reverse: true }),
    ...(values['skip-damaged'] === true && { onDamage: 'skip' as const }),
  };
  if (values['follow'] !== true)
    return withReader(values, io, (store, print) => printAll(store.range(symDATA, range), print));
  for (const option of ['to', 'until', 'reverse'])
    if (values[option] !== undefined)
      throw new LtlError('E_USAGE', `--follow has no end, so it cannot go with --${option}`);
  const opening = openFollower(values, io.stdout.isTTY);
  return withReader(values, io, (store, print, output) => follow(store, range, print, output), opening);
};

export const one: Run = async ({ values, operands: [seq] }, io) => {
  if (seq === undefined) throw new LtlError('E_USAGE', 'one wants a seq: ltl one SEQ');
  const wanted = parseSeq(seq, 'one');
  return withReader(values, io, async (store, print) => {
    await print([await store.one(symDATA, wanted)]);
  });
};

/** Await the promise, when there is one, before the next. */
type Print = (rows: readonly StoredRecord[]) => Promise<void> | undefined;

async function withReader(
  values: Arguments['values'],
  io: Io,
  use: (store: Store, print: Print, output: Output) => Promise<void>,
  opening: Promise<Store> = openReader(values),
): Promise<number> {
  const store = await opening;
  const output = new Output(io.stdout);
  const format = values['json'] === true ? jsonLine : textLine;
  try {
    await use(store, (rows) => output.add(rows.map(format).join('')), output);
    await output.flush();
  } finally {
    await store.close();
  }
  return 0;
}

/** Block by block: the text of some hundred records is made, and written, at once. */
async function printAll(rows: Records, print: Print): Promise<void> {
  for await (const block of rows.blocks()) {
    const full = print(block);
    if (full !== undefined) await full;
  }
}

/** Goes on until a signal comes or nobody reads any more; both are the way to end it, so the status is 0. */
async function follow(store: Store, range: RangeOptions, print: Print, output: Output): Promise<void> {
  using stop = new StopRequest();
  const from = range.since === undefined ? range.from : await firstSeq(store, range);
  const rows = store.stream({ from, follow: true, onDamage: range.onDamage });
  const end = (): void => void rows.return();
  stop.signal.addEventListener('abort', end);
  output.closed.addEventListener('abort', end);
  await printAll(rows, print);
}

/** The first seq in the range, or where the log ends now. */
async function firstSeq(store: Store, range: RangeOptions): Promise<bigint> {
  for await (const { seq } of store.range(symDATA, range)) return seq;
  return BigInt(store.status().nextSeq);
}

const jsonLine = ({ seq, timeMs, data }: StoredRecord): string =>
  `{"seq":"${seq}","timeMs":${timeMs},"data":${JSON.stringify(toJson(data))}}\n`;

const textLine = ({ data }: StoredRecord): string =>
  `${typeof data === 'string' ? data : JSON.stringify(toJson(data))}\n`;
