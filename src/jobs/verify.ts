/** The job of a pool's thread: verifies one segment. Stateless; what it needs comes with the task. */
import { type SegmentTask, type SegmentVerdict, verifySegment } from '../log/verify.js';

export default function verify(task: SegmentTask): SegmentVerdict | null {
  return verifySegment(task);
}
