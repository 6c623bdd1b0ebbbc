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
