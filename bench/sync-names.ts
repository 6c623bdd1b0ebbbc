/** What the rows of `bench sync` are called that are compared with others. */
export const HAND = 'by hand';
export const HAND_SEMAPHORE = 'semaphore by hand';
export const EXCHANGE = 'compare-exchange by hand';
export const LEASED = 'the same with leases';
export const TICKETS = 'ticket lock by hand';
export const SHARED = 'SharedMutex';
