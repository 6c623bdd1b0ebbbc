/**
 * The limits of actors and supervisors, each with its unit and reason.
 */

/** How long a child may take to start when its spec does not say: a worker takes 20–50 ms, on a busy machine many times that. */
export const START_MS_DEFAULT = 30_000;

/** What a child is given beyond its shutdownMs before the supervisor goes on without it: its own force has to act first. */
export const STOP_GRACE_MS = 2_000;

/** Restarts allowed in RESTART_PERIOD_MS_DEFAULT before a supervisor gives up. OTP's default is 1 in 5 s; threads are costlier to lose. */
export const RESTART_INTENSITY_DEFAULT = 5;

/** The window in which restarts are counted, in milliseconds. */
export const RESTART_PERIOD_MS_DEFAULT = 10_000;

/** The pause before the first restart of a child, in milliseconds; doubled for each further failure within the period. */
export const BACKOFF_MS_MIN = 10;

/** The longest pause before a restart, in milliseconds; less than the period, or the budget could never be spent. */
export const BACKOFF_MS_MAX = 2_000;

/** Messages a mailbox holds when its actor does not say: enough for a burst, little enough to be noticed. */
export const MAILBOX_SIZE_DEFAULT = 65_536;

/** The largest mailbox: its count of messages is a signed word of shared memory. */
export const MAILBOX_SIZE_MAX = 2 ** 30;

/** The longest that a timer of Node can run, in milliseconds: 24 days. Beyond, it fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Messages that wait in the sender's thread for one actor (full with `wait`, or restarting). Beyond: dead letters. */
export const LINE_SIZE_MAX = 65_536;

/** Dead letters kept; the oldest goes first, and is counted. */
export const DEAD_LETTERS_MAX = 1_000;

/** Escalations kept for `status()`; the oldest goes first. */
export const ESCALATIONS_KEPT_MAX = 100;

/** Dead actors whose last reason is kept for those who watch late. */
export const ENDS_KEPT_MAX = 1_000;

/** How long an ask waits when it does not say, in milliseconds. */
export const ASK_TIMEOUT_MS_DEFAULT = 5_000;

/** How long an actor may take to stop when it does not say, in milliseconds. */
export const SHUTDOWN_MS_DEFAULT = 5_000;

/** Messages handled in one go before the event loop gets a turn. */
export const RUN_MESSAGES_MAX = 2_048;

/** The same in milliseconds of work, over several runs: a neighbour's wait. Much less would let whole bursts pile up in mailboxes. */
export const RUN_MS_MAX = 50;

/** Messages one actor handles before the next one's turn, so that a busy one does not starve its neighbours. */
export const QUANTUM_MESSAGES = 64;

/** Messages in one batch between threads: larger delays the receiver's start (512 took 1.4 times as long, 64 1.2 times). */
export const BATCH_MESSAGES_MAX = 128;

/** Actors whose shared words live in one block of memory. */
export const BLOCK_ACTORS = 1_024;

/** How often the watch over hanging actors looks, in milliseconds: the coarseness of hangMs. */
export const WATCH_EVERY_MS = 250;

/** How long one message may take before a thread whose heart has stopped counts as hung, in milliseconds. */
export const HANG_MS_DEFAULT = 10_000;

/** How long a job may go on after its abort, in milliseconds, before its thread is ended. */
export const JOB_ABORT_GRACE_MS = 1_000;

if (WATCH_EVERY_MS * 4 > HANG_MS_DEFAULT) throw new Error('limits: a hang is found by several looks, not by one');
if (QUANTUM_MESSAGES > RUN_MESSAGES_MAX) throw new Error('limits: a quantum fits a run');
