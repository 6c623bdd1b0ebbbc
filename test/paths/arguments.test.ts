/** Every call of the door with arguments that make no sense: each is refused by name and with a hint, and nothing happens. */
import fs from 'node:fs';
import { isLtlError, type Ltl, type OpenOptions, open, symDATA, symSLEEP_NAP } from 'ltl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratch } from './process.js';

/** A call with one argument that is not what it takes; TypeScript would not let it pass. */
type Wrong = (ltl: Ltl, wrong: never) => unknown;

const nothing = Object.create(null) as unknown;
/** A store of its own, which must not be there afterwards. */
const elsewhere = (): { 'force-all.path': string } => ({ 'force-all.path': `${folder}-else` });
const opened = async (config: object, options: OpenOptions = {}): Promise<void> =>
  (await open(config, options)).close();
/** An iteration that is begun. */
const first = (records: AsyncIterator<unknown>): Promise<unknown> => records.next();

/** By call: what makes it wrong. */
const CALLS: Record<string, { readonly call: Wrong; readonly wrong: readonly unknown[] }> = {
  'open options': {
    call: (_, wrong) => opened(elsewhere(), wrong),
    wrong: [
      null,
      'readOnly',
      true,
      [],
      { readonly: true },
      { readOnly: 1 },
      { readOnly: 'no' },
      { osSignals: 'SIGTERM' },
    ],
  },
  'open osSignals': {
    call: (_, wrong) => opened(elsewhere(), { osSignals: wrong }),
    wrong: [['SIGKILL'], [Symbol('s')], 1, {}],
  },
  'open ports': {
    call: (_, wrong) => opened(elsewhere(), { ports: wrong }),
    wrong: [null, 5, { disc: 'x' }, { disk: 'x' }, { disk: nothing }],
  },
  'open config': {
    call: (_, wrong) => opened({ ...elsewhere(), cores: wrong }),
    wrong: [null, '2', -1, nothing, Symbol('s')],
  },
  priority: {
    call: (ltl, wrong) => ltl.append(1, { pr: wrong }),
    wrong: ['1', -1, 10, 1.5, Number.NaN, 5n, nothing, Symbol('s')],
  },
  'append options': {
    call: (ltl, wrong) => ltl.append(1, wrong),
    wrong: [null, 'x', 10, -1, { priority: 1 }, 5n, Symbol('s')],
  },
  'ticket priority': { call: (ltl, wrong) => ltl.impl.append(1, wrong), wrong: ['1', 10, 5n, nothing, Symbol('s')] },
  appendBatch: {
    call: (ltl, wrong) => ltl.appendBatch(wrong),
    wrong: [undefined, null, [], 'ab', { length: 1 }, new Set([1])],
  },
  durable: {
    call: (ltl, wrong) => ltl.durable(wrong),
    wrong: [undefined, null, -1, 1e9, '0', 0n, nothing, Symbol('s')],
  },
  message: {
    call: (ltl, wrong) => ltl.message(wrong, { a: 'number' }),
    wrong: [undefined, '', 5, Symbol('s'), nothing],
  },
  shape: {
    call: (ltl, wrong) => ltl.message('m', wrong),
    wrong: [undefined, null, {}, [], { a: 'int' }, { a: nothing }],
  },
  one: {
    call: (ltl, wrong) => ltl.one(symDATA, wrong),
    wrong: [undefined, null, -1, 0.5, '0', 2n ** 70n, [], { seq: 1 }],
  },
  symbol: { call: (ltl, wrong) => ltl.one(wrong, 0n), wrong: [undefined, null, 'data', symSLEEP_NAP] },
  some: { call: (ltl, wrong) => ltl.some(symDATA, {}, wrong), wrong: [undefined, -1, 1.5, '3', 5n] },
  range: {
    call: (ltl, wrong) => first(ltl.range(symDATA, wrong)),
    wrong: [
      null,
      5,
      'x',
      [1],
      { form: 1 },
      { reverse: 'false' },
      { from: '5' },
      { since: '2025' },
      { onDamage: 'ignore' },
    ],
  },
  filter: {
    call: (ltl, wrong) => first(ltl.range(symDATA, wrong)),
    wrong: [
      { prop_match: 'a' },
      { val_match: [] },
      { val_match: { a: Number.NaN } },
      { int_match: { a: [2, 1] } },
      { int_match: { a: 1 } },
    ],
  },
  stream: {
    call: (ltl, wrong) => first(ltl.stream(wrong)),
    wrong: [null, 5, { follow: 1 }, { signal: 'x' }, { signal: {} }, { to: 5n }],
  },
  raw: { call: (ltl, wrong) => ltl.raw(wrong), wrong: [undefined, null, -1, '0'] },
  index: {
    call: (ltl, wrong) => ltl.index(wrong),
    wrong: [undefined, null, {}, [], { prop_match: 'a' }, { val_match: [1] }, { value: ['a'] }],
  },
  stat: { call: (ltl, wrong) => ltl.stat(wrong), wrong: ['', 'toString', 5, nothing, Symbol('s')] },
  reserve: { call: (ltl, wrong) => ltl.reserve(wrong), wrong: [undefined, -1, Number.NaN, '1', 5n, nothing] },
  retain: {
    call: (ltl, wrong) => ltl.retain(wrong),
    wrong: [undefined, null, 5, { maxbytes: 1 }, { maxBytes: '1' }, { maxAgeMs: -1 }, { maxBytes: nothing }],
  },
  sleep: { call: (ltl, wrong) => ltl.sleep(wrong), wrong: [undefined, 'nap', symDATA] },
  'sleep options': {
    call: (ltl, wrong) => ltl.sleep(symSLEEP_NAP, wrong),
    wrong: [
      null,
      5000,
      { wakeAfter: 1 },
      { wakeAfterMs: 0 },
      { wakeAfterMs: Number.NaN },
      { wakeAfterMs: '5' },
      { wakeAfterMs: nothing },
    ],
  },
  verify: {
    call: (ltl, wrong) => ltl.verify(wrong),
    wrong: [null, 2, { thread: 1 }, { threads: 0 }, { threads: 5n }, { onProgress: 1 }, { signal: 'x' }],
  },
  drill: { call: (ltl, wrong) => ltl.drill(wrong, 'throw'), wrong: [undefined, 'writer', Symbol('s'), nothing] },
  'drill way': { call: (ltl, wrong) => ltl.drill('auditor', wrong), wrong: [undefined, 'explode', 5] },
  cores: { call: (ltl, wrong) => ltl.cores(wrong), wrong: [null, 0, 1.5, '2', nothing] },
  policy: { call: (ltl, wrong) => ltl.policy(wrong), wrong: ['', 'nope:1', 5, {}] },
};

let folder: string;
let remove: () => void;
let ltl: Ltl;
beforeAll(async () => {
  ({ folder, remove } = scratch());
  ltl = await open({ 'force-all.path': folder });
  await ltl.append('there');
});
afterAll(async () => {
  await ltl.close();
  remove();
});

describe('a wrong argument is refused by name, with a hint, and nothing happens', () => {
  it.each(Object.entries(CALLS))('%s', async (_, { call, wrong }) => {
    for (const one of wrong) {
      const outcome = await Promise.resolve()
        .then(() => call(ltl, one as never))
        .then(
          () => 'nothing was refused',
          (error: unknown) => (isLtlError(error) && error.hint !== '' ? 'refused' : error),
        );
      const what = typeof one === 'object' && one !== null && one !== nothing ? JSON.stringify(one, texts) : typeof one;
      expect(outcome, what).toBe('refused');
    }
    expect(ltl.status()).toMatchObject({ nextSeq: '1', sleep: { depth: 'awake' }, phase: 'run', failure: null });
    expect(ltl.stat('restarts')).toBe(0);
    expect(fs.existsSync(`${folder}-else`)).toBe(false);
  });
});

/** JSON of what JSON does not know. */
function texts(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'symbol' || Number.isNaN(value) ? String(value) : value;
}
