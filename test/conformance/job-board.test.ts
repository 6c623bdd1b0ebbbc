/** The worked example of docs/actors.md, as it stands there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ltl, open } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobBoard } from '../../docs/examples/job-board.js';

describe('the job board', () => {
  let folder: string;
  let ltl: Ltl;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ltl-board-'));
    ltl = await open({ 'force-all.path': folder });
  });
  afterEach(async () => {
    await ltl.close();
    rmSync(folder, { recursive: true });
  });

  it('leases each job to one worker, takes it back when the lease expires, and forgets it when it is done', async () => {
    const board = await jobBoard(ltl);
    for (const work of ['wash', 'dry']) await board.ask({ do: 'accept', work });
    const [first, second, third] = await Promise.all(
      ['ann', 'bob', 'cyd'].map((worker) => board.ask({ do: 'lease', worker, forMs: 60_000 })),
    );
    expect([first, second, third]).toEqual([{ job: 1, work: 'wash' }, { job: 2, work: 'dry' }, undefined]);
    expect(await board.ask({ do: 'complete', job: 1, worker: 'bob' })).toBeUndefined();
    expect(await board.ask({ do: 'complete', job: 1, worker: 'ann' })).toEqual({ job: 1, work: 'wash' });
    await board.ask({ do: 'expire', nowMs: Date.now() + 120_000 });
    expect(await board.ask({ do: 'lease', worker: 'cyd', forMs: 1 })).toEqual({ job: 2, work: 'dry' });
    expect(await board.ask({ do: 'complete', job: 2, worker: 'bob' })).toBeUndefined();
  });

  it('goes on where it was after the actor failed, and after the store was closed and opened', async () => {
    const board = await jobBoard(ltl);
    for (const work of ['one', 'two', 'three']) await board.ask({ do: 'accept', work });
    await board.ask({ do: 'lease', worker: 'ann', forMs: 60_000 });
    await expect(board.ask(null as never)).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    expect(await board.ask({ do: 'lease', worker: 'bob', forMs: 60_000 })).toEqual({ job: 2, work: 'two' });
    expect(ltl.actors().at(-1)).toMatchObject({ restarts: 1 });
    await ltl.close();
    ltl = await open({ 'force-all.path': folder });
    const again = await jobBoard(ltl);
    expect(await again.ask({ do: 'complete', job: 1, worker: 'ann' })).toEqual({ job: 1, work: 'one' });
    expect(await again.ask({ do: 'accept', work: 'four' })).toEqual({ job: 4, work: 'four' });
    expect(await again.ask({ do: 'lease', worker: 'cyd', forMs: 60_000 })).toEqual({ job: 3, work: 'three' });
  });
});
