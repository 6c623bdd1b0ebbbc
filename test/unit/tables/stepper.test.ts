import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspect, type Transition } from '../../../src/tables/inspect.js';
import { Stepper } from '../../../src/tables/stepper.js';

describe('a stepper', () => {
  it('moves by the table and names what is to be done', () => {
    let isNew = true;
    const phase = new Stepper('phase', { guards: { isNew: () => isNew } });
    expect(phase.state).toBe('closed');
    expect(phase.initialEffects).toEqual([]);
    expect(phase.step('OPEN')).toEqual(['runInit']);
    expect(phase.step('INIT_DONE')).toEqual(['runSetup']);
    expect(phase.matches('start')).toBe(true);
    expect(phase.matches('run')).toBe(false);
    expect(phase.step('CLOSE')).toEqual(['hookExit', 'runStop']);
    expect(phase.step('STOPPED')).toEqual(['announceClosed']);
    isNew = false;
    phase.step('OPEN');
    phase.step('INIT_DONE');
    expect(phase.state).toBe('start.integrity');
  });

  it('ignores an event that has no transition, and says so', () => {
    const phase = new Stepper('phase', { guards: { isNew: () => false } });
    expect(phase.can('RUN')).toBe(false);
    expect(phase.step('RUN')).toBeUndefined();
    expect(phase.state).toBe('closed');
    expect(phase.can('OPEN')).toBe(true);
  });

  it('refuses a name that its machine does not have', () => {
    const mode = new Stepper('mode', {});
    expect(() => mode.step('HURRY' as 'NORMAL')).toThrow('no event HURRY');
  });

  it('keeps the regions of a parallel machine apart', () => {
    const sleep = new Stepper('sleep', {});
    expect(sleep.step('SLEEP_READS')).toEqual(['armDeadline', 'closeReadGate']);
    expect(sleep.step('NAP')).toEqual(['armDeadline', 'closeIndexGate']);
    expect(sleep.state).toBe('depth.nap+reads.asleep+writes.open');
    expect(sleep.step('AWAKE')).toEqual([
      'openReadGate',
      'disarmDeadline',
      'openIndexGate',
      'catchUp',
      'disarmDeadline',
    ]);
    expect(sleep.state).toBe('depth.awake+reads.open+writes.open');
  });

  it('gives up a child when the restart budget is spent', () => {
    let budget = 2;
    const child = new Stepper('child', {
      name: 'queue',
      guards: { staysDown: () => false, withinBudget: () => budget-- > 0 },
    });
    child.step('START');
    for (const end of ['due.backoff', 'due.backoff', 'failed']) {
      child.step('READY');
      child.step('EXITED');
      expect(child.state).toBe(end);
      child.step('START');
    }
  });
});

describe('inspect', () => {
  it('sees the transitions of every live machine from the moment it listens until it stops', () => {
    const early = new Stepper('sleep', { name: 'early' });
    const seen: Transition[] = [];
    early.step('NAP');
    const stop = inspect((transition) => seen.push(transition));
    early.step('AWAKE');
    new Stepper('mode', { name: 'late' }).step('BLOCK');
    stop();
    early.step('NAP');
    expect(seen).toEqual([
      {
        machine: 'sleep',
        name: 'early',
        event: 'AWAKE',
        from: 'depth.nap+reads.open+writes.open',
        to: 'depth.awake+reads.open+writes.open',
        effects: ['disarmDeadline', 'openIndexGate', 'catchUp'],
      },
      { machine: 'mode', name: 'late', event: 'BLOCK', from: 'normal', to: 'block', effects: ['runOneByOne'] },
    ]);
  });

  it('contains a listener that throws: the others hear, the machine has moved', async () => {
    const thrown = new Promise<unknown>((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const fault = new Error('listener');
    const stops = [
      inspect(() => {
        throw fault;
      }),
    ];
    let heard = 0;
    stops.push(inspect(() => (heard += 1)));
    const mode = new Stepper('mode', {});
    mode.step('STRICT');
    for (const stop of stops) stop();
    expect(await thrown).toBe(fault);
    expect([heard, mode.state]).toEqual([1, 'strict']);
  });
});

it('the built stepper runs without importing XState', () => {
  const script = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      "export async function resolve(s, c, n) { if (s.startsWith('xstate')) throw new Error('imports xstate'); return n(s, c); }"
    ));
    const { Stepper } = await import('./dist/src/tables/stepper.js');
    process.stdout.write(new Stepper('sleep', {}).step('NAP').join());
    await import('./dist/src/tables/tabulate.js').catch((error) => process.stdout.write(' ' + error.message));
  `;
  const cwd = join(import.meta.dirname, '../../..');
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' });
  expect(said).toBe('armDeadline,closeIndexGate imports xstate');
});
