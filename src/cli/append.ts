/**
 * `ltl append`: lines in, acknowledgements out. Blocks of lines are handed over while earlier ones are being synced;
 * acknowledgements are printed in order, in bulk, and never before their records are durable.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fromJson } from '../record/json.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import type { Io, Run } from './command.js';
import { type Input, openInput } from './input.js';
import { badLine, type LineBlock, lineBlocks } from './lines.js';
import { counted, duration, grouped, rate } from './numbers.js';
import { Output, OutputClosed } from './output.js';
import { Progress } from './progress.js';
import { StopRequest } from './signals.js';
import { openWriter, type Store } from './store.js';

const EX_IOERR = 74;
const SPEED_FROM = 1000;
const WORDS_MAX = 400;

export const append: Run = async ({ values, operands: [file] }, io) => {
  const input = await openInput(file, io);
  const store = await openWriter(values);
  reportRecovery(store, io);
  using stop = new StopRequest();
  const output = values['ack'] === true ? new Output(io.stdout) : null;
  const acks = new Acknowledgements(output);
  const startedMs = performance.now();
  stop.signal.addEventListener('abort', input.stop);
  output?.closed.addEventListener('abort', input.stop);
  try {
    await appendLines(store, input, values['json'] === true, acks, io, stop.signal);
  } finally {
    await acks.settled();
    const tookMs = performance.now() - startedMs;
    await store.close();
    io.stderr.write(`${summary(acks, tookMs)}\n`);
  }
  if (stop.received !== null) io.stderr.write(`ltl append: ended by ${stop.received}; what was taken is stored\n`);
  else if (output?.closed.aborted === true) {
    io.stderr.write('ltl append: stopped, as stdout was closed\n');
    return EX_IOERR;
  }
  return stop.exitStatus;
};

async function appendLines(
  store: Store,
  input: Input,
  json: boolean,
  acks: Acknowledgements,
  io: Io,
  stop: AbortSignal,
): Promise<void> {
  const progress = new Progress(
    io.stderr,
    'append',
    !(input.name === 'stdin' && io.stdin.isTTY) && !(acks.prints && io.stdout.isTTY),
  );
  try {
    for await (const block of lineBlocks(input.chunks)) {
      // What the stop cut off may be half a line.
      if (stop.aborted) return;
      await appendBlock(store, block, json, acks);
      const share = input.sizeBytes === null ? null : block.bytesRead / Math.max(1, input.sizeBytes);
      progress.update(share, `${grouped(acks.count)} records acknowledged`);
    }
    await acks.settled();
  } finally {
    progress.end();
  }
  if (acks.failure !== null) throw acks.failure;
}

/** Hands one block over, up to its first bad line. Throws E_INPUT for that line once the ones before it are handed over. */
async function appendBlock(store: Store, block: LineBlock, json: boolean, acks: Acknowledgements): Promise<void> {
  const { records, bad } = json ? parsed(block) : { records: block.lines, bad: null };
  const refused = await handOver(store, records, block.firstLine, acks);
  if (refused !== null) {
    await handOver(store, records.slice(0, refused.index), block.firstLine, acks);
    throw badLine(block.firstLine + refused.index, `cannot be stored: ${wordsOf(refused.error)}`, refused.error);
  }
  if (bad !== null) throw bad;
}

/** Null when the records were taken; else which of them cannot be stored, and nothing was. */
async function handOver(
  store: Store,
  records: readonly unknown[],
  firstLine: number,
  acks: Acknowledgements,
): Promise<{ index: number; error: LtlError } | null> {
  if (records.length === 0) return null;
  const batch = store.appendBatch(records);
  try {
    // A record that cannot be encoded is refused at once; what comes after it must not be handed over before we know.
    await Promise.race([batch, nextTurn()]);
  } catch (error) {
    if (isLtlError(error) && typeof error.details['index'] === 'number')
      return { index: error.details['index'], error };
  }
  await acks.add(batch, records.length, firstLine);
  return null;
}

/** The JSON values of a block's lines, up to the first that is none. */
function parsed({ lines, firstLine }: LineBlock): { records: unknown[]; bad: LtlError | null } {
  const records: unknown[] = [];
  for (const line of lines) {
    try {
      const value: unknown = JSON.parse(line);
      records.push(line.includes('"$bytes"') ? fromJson(value) : value);
    } catch (error) {
      return { records, bad: badLine(firstLine + records.length, faultOf(line, error as Error), error) };
    }
  }
  return { records, bad: null };
}

function faultOf(line: string, { name, message }: Error): string {
  if (line.trim() === '') return 'is empty, which is no JSON';
  return name === 'SyntaxError' ? `is not JSON: ${message}` : `cannot be stored: ${message}`;
}

/** Batches on their way, in order: prints their seqs once they are durable, counts them, keeps the first failure. */
class Acknowledgements {
  readonly #output: Output | null;
  #last: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #wake: (() => void) | null = null;
  count = 0;
  firstSeq: bigint | null = null;
  lastSeq: bigint | null = null;
  failure: LtlError | Error | null = null;

  constructor(output: Output | null) {
    this.#output = output;
  }

  get prints(): boolean {
    return this.#output !== null;
  }

  /** Resolves when there is room for another batch. Throws the failure of an earlier one. */
  async add(batch: Promise<bigint>, count: number, firstLine: number): Promise<void> {
    this.#inFlight += 1;
    const before = this.#last;
    this.#last = this.#take(before, batch, count, firstLine);
    while (this.#inFlight >= LIMITS.inputBlocksMax) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.failure !== null) throw this.failure;
  }

  /** Resolves when every batch is acknowledged or has failed, and printed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #take(before: Promise<void>, batch: Promise<bigint>, count: number, firstLine: number): Promise<void> {
    try {
      const [first] = await Promise.all([batch, before]);
      this.count += count;
      this.firstSeq ??= first;
      this.lastSeq = first + BigInt(count) - 1n;
      await this.#print(Number(first), count);
    } catch (error) {
      // The failure of the batch before, if there is one, is the one to tell.
      await before;
      // When it was stdout that failed, the records are stored all the same.
      const isStore = isLtlError(error) && error.code !== 'E_OUTPUT';
      this.failure ??= isStore ? inLines(error, firstLine, count) : (error as Error);
    } finally {
      this.#inFlight -= 1;
      this.#wake?.();
      this.#wake = null;
    }
  }

  async #print(first: number, count: number): Promise<void> {
    if (this.#output === null || this.#output.closed.aborted) return;
    try {
      let text = '';
      for (let seq = first; seq < first + count; seq += 1) text += `${seq}\n`;
      await this.#output.add(text);
      await this.#output.flush();
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
    }
  }
}

function inLines(error: LtlError, firstLine: number, count: number): LtlError {
  const lines = count === 1 ? `line ${firstLine} is` : `lines ${firstLine} to ${firstLine + count - 1} are`;
  return new LtlError(error.code, `${wordsOf(error)} (${lines} not acknowledged)`, {
    cause: error,
    details: { ...error.details, firstLine, count },
  });
}

/** The message without its code, and without the place in a batch, which means nothing to who sees lines. */
function wordsOf(error: LtlError): string {
  const words = error.message.slice(error.code.length + 2).replace(/^record \d+ of the batch: /, '');
  // The path to a fault may be as long as the line.
  return words.length <= WORDS_MAX ? words : `${words.slice(0, WORDS_MAX / 2)} … ${words.slice(-WORDS_MAX / 2)}`;
}

/** What the last writer left half done, or the disk has lost, is told when somebody goes on. */
function reportRecovery(store: Store, io: Io): void {
  const { recovery } = store.status();
  if (recovery === null) return;
  const { tornBytes, lastSeq, damages } = recovery;
  if (tornBytes > 0)
    io.stderr.write(`recovered: cut a torn tail of ${grouped(tornBytes)} bytes behind seq ${lastSeq}\n`);
  if (damages.length > 0) io.stderr.write('recovered: the last segment is damaged; see `ltl verify`\n');
}

function summary({ count, firstSeq, lastSeq }: Acknowledgements, tookMs: number): string {
  if (firstSeq === null) return 'appended nothing';
  // A few lines typed by hand have no speed worth telling.
  const speed = count < SPEED_FROM ? '' : ` (${rate(count, tookMs)})`;
  const seqs = count === 1 ? `seq ${firstSeq}` : `seq ${firstSeq} to ${lastSeq}`;
  return `appended ${counted(count, 'record')}, ${seqs}, in ${duration(tookMs)}${speed}`;
}
