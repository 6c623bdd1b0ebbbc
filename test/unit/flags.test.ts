/** Flags are derived from the machines' states, one bit each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tableOf } from '../../src/tables/load.js';
import { MACHINES } from '../../src/tables/registry.js';
import { FLAG_NAMES, type FlagSources, flagBits, flagsOf } from '../../src/words/flags.js';

const states = (machine: 'phase' | 'sleep' | 'integrity' | 'mode'): fc.Arbitrary<string> =>
  fc.constantFrom(...(tableOf(machine).data.states as string[]));

const sources: fc.Arbitrary<FlagSources> = fc.record({
  phase: states('phase'),
  sleep: states('sleep'),
  integrity: states('integrity'),
  mode: states('mode'),
  poisoned: fc.boolean(),
  diskFull: fc.boolean(),
  isNew: fc.boolean(),
  spilling: fc.boolean(),
  unacknowledged: fc.boolean(),
});

const AWAKE: FlagSources = {
  phase: 'run',
  sleep: 'depth.awake+reads.open+writes.open',
  integrity: 'clean',
  mode: 'normal',
  poisoned: false,
  diskFull: false,
  isNew: false,
  spilling: false,
  unacknowledged: false,
};

const set = (from: Partial<FlagSources>): string[] => {
  const flags = flagsOf(flagBits({ ...AWAKE, ...from }));
  return FLAG_NAMES.filter((name) => flags[name]);
};

describe('flags', () => {
  it('every state that they are derived from exists in its machine', () => {
    expect(Object.keys(MACHINES)).toEqual(expect.arrayContaining(['phase', 'sleep', 'integrity', 'mode']));
    expect(tableOf('sleep').data.states).toContain(AWAKE.sleep);
    for (const [machine, state] of [
      ['phase', 'run'],
      ['phase', 'failed'],
      ['phase', 'closed'],
      ['integrity', 'checking'],
      ['integrity', 'damaged'],
      ['mode', 'block'],
      ['mode', 'slowdown'],
    ] as const)
      expect(tableOf(machine).data.states).toContain(state);
  });

  it('tell what is so', () => {
    expect(set({})).toEqual(['open', 'write', 'ready', 'setup']);
    expect(set({ phase: 'closed' })).toEqual([]);
    expect(set({ phase: 'failed' })).toEqual(['fatal']);
    expect(set({ poisoned: true })).toEqual(['open', 'ready', 'fatal', 'error', 'setup']);
    expect(set({ sleep: 'depth.nap+reads.open+writes.open' })).toContain('write');
    expect(set({ sleep: 'depth.deep+reads.open+writes.open' })).not.toContain('write');
    expect(set({ sleep: 'depth.awake+reads.open+writes.asleep' })).toEqual(['open', 'ready', 'sleeping', 'setup']);
    expect(set({ diskFull: true, spilling: true, unacknowledged: true })).toEqual(
      expect.arrayContaining(['error', 'waiting', 'pending']),
    );
    expect(set({ integrity: 'checking', mode: 'slowdown', isNew: true })).toEqual(
      expect.arrayContaining(['integrity', 'slowdown', 'new']),
    );
  });

  it('fit one word, and bits and names say the same', () => {
    expect(FLAG_NAMES.length).toBeLessThanOrEqual(31);
    fc.assert(
      fc.property(sources, (from) => {
        const bits = flagBits(from);
        const flags = flagsOf(bits);
        for (const [index, name] of FLAG_NAMES.entries()) if (flags[name] !== ((bits >> index) % 2 === 1)) return false;
        return !(flags.write && flags.fatal) && !(flags.ready && !flags.open);
      }),
    );
  });
});
