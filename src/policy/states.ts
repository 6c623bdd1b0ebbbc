/** Reading sleep states: cost lines `P/C`, the modifier `+states`, and the default states of a ladder. */
import { LtlError } from '../words/errors.js';
import { AWAKE_STATE, type SleepState } from './contract.js';
import { readNumber } from './grammar.js';

/** States given as cost lines `P/C`, awake first, shallowest first: power falls and wake cost does not. */
export function readLines(spec: string, parts: readonly string[]): readonly SleepState[] {
  if (parts.length < 2) throw new LtlError('E_POLICY', `${spec}: give at least two states P/C,P/C, awake first`);
  const states = parts.map((part, index) => readState(spec, index === 0 ? 'awake' : `sleep${index}`, part));
  return ordered(spec, states);
}

/** `NAME=P/C[/WAKE_MS][/refuse],…`, shallowest first; a state named awake sets the price of being awake (default 1). */
export function readNamedStates(spec: string, text: string): readonly SleepState[] {
  const states = text.split(',').map((part) => {
    const [, name = '', prices = ''] = /^([a-z][a-z0-9-]*)=(.*)$/.exec(part) ?? [];
    if (name === '') throw new LtlError('E_POLICY', `${spec}: a state is NAME=P/C[/WAKE_MS][/refuse], not '${part}'`);
    return readState(spec, name, prices);
  });
  return ordered(spec, states[0]?.name === 'awake' ? states : [AWAKE_STATE, ...states]);
}

/**
 * States for a ladder that are given only times: power falls evenly to 0, and wake costs are those at which each time is
 * the crossing of two lines. So `ladder:T` is `break-even:T`.
 */
export function ladderStates(timesMs: readonly number[]): readonly SleepState[] {
  const names = timesMs.length === 1 ? ['asleep'] : timesMs.length === 2 ? ['nap', 'deep'] : [];
  const fall = 1 / timesMs.length;
  let wakeCost = 0;
  const sleeps = timesMs.map((timeMs, index) => {
    wakeCost += fall * timeMs;
    const power = index + 1 === timesMs.length ? 0 : 1 - (index + 1) * fall;
    return { name: names[index] ?? `sleep${index + 1}`, power, wakeCost, wakeMs: 0, refuses: false };
  });
  return [AWAKE_STATE, ...sleeps];
}

function readState(spec: string, name: string, text: string): SleepState {
  const parts = text.split('/');
  const refuses = parts.at(-1) === 'refuse';
  const [power = '', wakeCost = '', wakeMs = '0', ...more] = refuses ? parts.slice(0, -1) : parts;
  if (more.length > 0) throw new LtlError('E_POLICY', `${spec}: ${name} is P/C[/WAKE_MS][/refuse], not '${text}'`);
  return {
    name,
    power: readNumber(power, `the power of ${name}`, spec),
    wakeCost: readNumber(wakeCost, `the wake cost of ${name}`, spec),
    wakeMs: readNumber(wakeMs, `the wake-up time of ${name}`, spec),
    refuses,
  };
}

function ordered(spec: string, states: readonly SleepState[]): readonly SleepState[] {
  for (const [index, state] of states.entries()) {
    const above = states[index - 1];
    if (above !== undefined && (state.power >= above.power || state.wakeCost < above.wakeCost))
      throw new LtlError('E_POLICY', `${spec}: states come shallowest first, with falling power and rising wake cost`);
  }
  return states;
}
