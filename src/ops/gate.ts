/**
 * Why an operation is refused now, told from the shared gate word: the same answer in every thread.
 */
import { type Board, GATE, WORD } from '../wire/board.js';
import { LtlError } from '../words/errors.js';

/** The error for an append, or null when appends pass. */
export function appendRefusal(board: Board): LtlError | null {
  const gate = Atomics.load(board.words, WORD.gate);
  if ((gate & GATE.closed) !== 0) return new LtlError('E_CLOSED', 'the instance is closed');
  if ((gate & GATE.fatal) !== 0) return new LtlError('E_FATAL', 'the writer failed for good and refuses appends');
  if ((gate & GATE.deep) !== 0) return new LtlError('E_SLEEPING_DEEP', 'appends are refused in deep sleep');
  if ((gate & GATE.writes) !== 0) return new LtlError('E_SLEEPING_WRITES', 'writes sleep');
  return null;
}

/** The error for a read, or null when reads pass. A store whose writer failed can still be read. */
export function readRefusal(board: Board): LtlError | null {
  const gate = Atomics.load(board.words, WORD.gate);
  if ((gate & GATE.closed) !== 0) return new LtlError('E_CLOSED', 'the instance is closed');
  if ((gate & GATE.deep) !== 0) return new LtlError('E_SLEEPING_DEEP', 'reads are refused in deep sleep');
  if ((gate & GATE.reads) !== 0) return new LtlError('E_SLEEPING_READS', 'reads sleep');
  return null;
}

/** The error for what only a writer can do, in an instance that only reads. */
export function readOnlyRefusal(): LtlError {
  return new LtlError('E_READ_ONLY', 'this instance only reads');
}
