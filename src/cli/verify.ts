/** `ltl verify`: every checksum of every segment, in parallel; each damage on a line of its own. */
import type { Damage } from '../log/walk.js';
import { ERRORS } from '../words/errors.js';
import type { Run } from './command.js';
import { counted, duration, grouped, size } from './numbers.js';
import { writeAll } from './output.js';
import { Progress } from './progress.js';
import { StopRequest } from './signals.js';
import { openReader } from './store.js';

export const verify: Run = async ({ values }, io) => {
  const store = await openReader(values);
  using stop = new StopRequest();
  const progress = new Progress(io.stderr, 'verify');
  try {
    const report = await store.verify({
      signal: stop.signal,
      onProgress: ({ segmentsDone, segments, bytes }) =>
        progress.update(segmentsDone / segments, `${segmentsDone} of ${segments} segments, ${size(bytes)}`),
    });
    progress.end();
    if (values['json'] === true) await writeAll(io.stdout, `${JSON.stringify(report, null, 2)}\n`);
    else {
      const { clean, records, segments, bytes, tookMs, damages, tornBytes } = report;
      const verdict = clean ? 'clean' : counted(damages.length, 'damage');
      const torn = tornBytes === 0 ? '' : `; a torn tail of ${grouped(tornBytes)} bytes, which the next writer cuts`;
      const read = `${counted(records, 'record')} in ${counted(segments, 'segment')}, ${size(bytes)} in ${duration(tookMs)}`;
      await writeAll(io.stdout, `${damages.map(line).join('')}${verdict}: ${read}${torn}\n`);
    }
    return report.clean ? 0 : ERRORS.E_DAMAGED.exit;
  } catch (error) {
    if (stop.received !== null) return stop.exitStatus;
    throw error;
  } finally {
    progress.end();
    await store.close();
  }
};

function line({ segmentId, offset, bytes, seqFrom, seqTo, what }: Damage): string {
  const seqs =
    seqTo === null
      ? `seq ${seqFrom} and perhaps more`
      : seqTo <= seqFrom
        ? `no record (before seq ${seqFrom})`
        : `seq ${seqFrom} to ${seqTo - 1}`;
  return `segment ${segmentId}, offset ${offset}, ${seqs}: ${what} of ${bytes} bytes damaged\n`;
}
