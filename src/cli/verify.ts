/** `ltl verify`: every checksum of every segment, in parallel; each damage on a line of its own. */
import { existsSync } from 'node:fs';
import { verifyStore } from '../jobs/verify-store.js';
import { FileTail } from '../log/file-tail.js';
import { storePaths } from '../log/folder.js';
import type { Damage } from '../log/walk.js';
import { currentWriter } from '../log/writer-lock.js';
import { ERRORS, LtlError } from '../words/errors.js';
import type { Run } from './command.js';
import { counted, duration, grouped, size } from './numbers.js';
import { writeAll } from './output.js';
import { Progress } from './progress.js';
import { StopRequest } from './signals.js';
import { storePath } from './store.js';

export const verify: Run = async ({ values }, io) => {
  const paths = storePaths(storePath(values));
  if (!existsSync(paths.log)) throw new LtlError('E_NO_STORE', `there is no store in ${paths.root}`);
  using stop = new StopRequest();
  const progress = new Progress(io.stderr, 'verify');
  const tail = currentWriter(paths.root) === null ? null : new FileTail(paths);
  try {
    const report = await verifyStore(paths, {
      signal: stop.signal,
      onProgress: ({ segmentsDone, segments, bytes }) =>
        progress.update(segmentsDone / segments, `${segmentsDone} of ${segments} segments, ${size(bytes)}`),
      // What a living writer writes meanwhile is not judged.
      ...(tail !== null && { tail: tail.tail() }),
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
    tail?.close();
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
