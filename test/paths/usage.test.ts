/** Mistakes on the command line: each has its status, and names what was probably meant. Nothing goes to stdout. */
import { describe, expect, it } from 'vitest';
import { ltl } from './process.js';

describe('ltl', () => {
  it.each<[string[], number, string]>([
    [['apend'], 64, 'did you mean append?'],
    [['--apend'], 64, 'did you mean --append?'],
    [['append', '--akc'], 64, 'did you mean --ack?'],
    [['append', 'a', 'b'], 64, 'unexpected argument b'],
    [['append', '--path'], 64, 'argument missing'],
    [['read', '--from', 'x'], 64, '--from wants a seq'],
    [['read', '--from', '-1'], 64, '--from is followed by another option'],
    [['read', '--to=-1'], 64, '--to wants a seq'],
    [['read', '--since', 'yesterday'], 64, '--since wants milliseconds'],
    [['read', '--follow', '--reverse'], 64, 'cannot go with --reverse'],
    [['machines', 'slep'], 64, 'did you mean sleep?'],
    [['machines', 'sleep', '--json', '--mermaid'], 64, 'not both'],
    [['help', 'raed'], 64, 'did you mean read?'],
    [['status', '--config', 'can.indx=0'], 78, 'can.index'],
    [['status', '--config', 'nonsense'], 64, 'KEY=VALUE'],
    [['append', '/nowhere/at/all'], 66, 'no such file'],
    [['append', '--path', '/dev/null/store'], 73, '/dev/null'],
    [['append', '--path', '/proc/store'], 73, '/proc/store'],
  ])('%j ends with %i', async (words, status, message) => {
    const ended = await ltl(words);
    expect(ended.stderr).toContain(message);
    expect(ended).toMatchObject({ status, stdout: '' });
  });

  it('helps on stdout, with status 0', async () => {
    const overview = await ltl([]);
    expect(overview).toMatchObject({ status: 0, stderr: '' });
    for (const words of [['help'], ['--help'], ['-h']]) expect(await ltl(words)).toEqual(overview);
    const append = await ltl(['help', 'append']);
    expect(append.stdout).toContain('usage: ltl append [FILE|-]');
    expect(await ltl(['append', '--help'])).toEqual(append);
  });

  it('prints its version, and the machines as text, JSON and Mermaid', async () => {
    expect((await ltl(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await ltl(['machines'])).stdout).toMatch(/^sleep +\d+ states/m);
    expect(JSON.parse((await ltl(['machines', 'sleep', '--json'])).stdout)).toMatchObject({ name: 'sleep' });
    expect((await ltl(['machines', 'sleep', '--mermaid'])).stdout).toMatch(/^stateDiagram-v2\n/);
  });
});
