/** The figures of docs/actors.md are those of the saved run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { actorsTable, type SavedRun } from '../../../bench/actors/document.js';

const docs = join(import.meta.dirname, '../../../docs');

describe('the document of users’ actors', () => {
  it('has the table of the run that is saved beside it, verdicts included', () => {
    const run = JSON.parse(readFileSync(join(docs, 'bench/actors.json'), 'utf8')) as SavedRun;
    const table = actorsTable(run);
    expect(table.match(/\b(met|MISSED)\b/g)).toHaveLength(run.verdicts.length);
    expect(readFileSync(join(docs, 'actors.md'), 'utf8')).toContain(table);
  });
});
