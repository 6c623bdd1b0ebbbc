/**
 * What more cores would bring, on paper: a projection, no measurement. The model has three bounds, and the lowest holds:
 *
 *   all cores together   cores / (work of a caller + work of the runtime, each per record)
 *   the callers          callers / work of a caller, with one core left to the runtime where there are two or more
 *   the one writer       records of a full group / the time that writing and syncing such a group takes
 *
 * The first is what a machine can do at best, the last is what stays serial however many cores there are.
 */

/** What was measured. Microseconds of processor time per record, and of a group. */
export interface Work {
  readonly callerUs: number;
  readonly runtimeUs: number;
  readonly groupRecords: number;
  readonly groupUs: number;
}

export interface Projected {
  readonly cores: number;
  readonly recordsPerSecond: number;
  readonly bound: 'cores' | 'callers' | 'writer';
}

export function project({ callerUs, runtimeUs, groupRecords, groupUs }: Work, cores: number): Projected {
  const bounds = {
    cores: (cores * 1e6) / (callerUs + runtimeUs),
    callers: (Math.max(1, cores - 1) * 1e6) / callerUs,
    writer: (groupRecords * 1e6) / groupUs,
  };
  const bound = (Object.keys(bounds) as Projected['bound'][]).reduce((least, one) =>
    bounds[one] < bounds[least] ? one : least,
  );
  return { cores, recordsPerSecond: bounds[bound], bound };
}
