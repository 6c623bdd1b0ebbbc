/** The job of a pool's thread: verifies one segment. Stateless; what it needs comes with the task. */
import { type SegmentTask, type SegmentVerdict, verifySegment } from '../log/verify.js';
import { isLtlError, toWireError, type WireError } from '../words/errors.js';

/** An error of ours crosses threads as plain data, or it would lose its code. */
export interface VerifyResult {
  readonly verdict: SegmentVerdict | null;
  readonly error?: WireError;
}

export default function verify(task: SegmentTask): VerifyResult {
  try {
    return { verdict: verifySegment(task) };
  } catch (error) {
    if (!isLtlError(error)) throw error;
    return { verdict: null, error: toWireError(error) };
  }
}
