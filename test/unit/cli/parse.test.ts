/** From words to a command: what is found, what is refused, and what is suggested. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/cli/command.js';
import { COMMANDS, commandNames } from '../../../src/cli/commands.js';
import { commandHelp, overview } from '../../../src/cli/help.js';
import { findCommand, parseArguments, parseSeq, parseTime } from '../../../src/cli/parse.js';
import { nearest } from '../../../src/words/nearest.js';

const names = commandNames();

describe('findCommand', () => {
  it('finds a command as a word and as an option, behind leading options', () => {
    expect(findCommand(['machines', 'sleep'], names)).toEqual({ name: 'machines', words: ['sleep'] });
    expect(findCommand(['--machines', '--json'], names)).toEqual({ name: 'machines', words: ['--json'] });
    const leading = findCommand(['--config', 'can.index=0', '--path=/x', 'machines', '--json'], names);
    expect(leading).toEqual({ name: 'machines', words: ['--config', 'can.index=0', '--path=/x', '--json'] });
    expect(findCommand([], names)).toEqual({ name: null, words: [] });
    expect(findCommand(['--help', 'machines'], names)).toEqual({ name: 'help', words: ['machines'] });
  });

  it('refuses an unknown option and names the nearest', () => {
    expect(() => findCommand(['--machinse'], names)).toThrow('did you mean --machines?');
    expect(() => findCommand(['--config'], names)).toThrow('--config needs a value');
  });
});

describe('parseArguments', () => {
  const command: Command = COMMANDS.machines;

  it('refuses unknown options and surplus operands', () => {
    expect(() => parseArguments(command, ['--jsno'])).toThrow('did you mean --json?');
    expect(() => parseArguments(command, ['a', 'b'])).toThrow('unexpected argument b');
    expect(() => parseArguments(command, ['--json=1'])).toThrow('E_USAGE');
  });

  it('takes operands after --', () => {
    expect(parseArguments(command, ['--json', '--', '--odd'])).toEqual({ values: { json: true }, operands: ['--odd'] });
  });
});

describe('values', () => {
  it('a seq is digits only', () => {
    expect(parseSeq('4503599627370497', 'x')).toBe(4503599627370497n);
    expect(parseSeq('9999999999999999999', 'x')).toBe(BigInt(Number.MAX_SAFE_INTEGER));
    for (const text of ['', '-1', '1.5', '0x1', '1e3', 'x', '99999999999999999999'])
      expect(() => parseSeq(text, '--from'), text).toThrow('--from wants a seq');
  });

  it('a time is milliseconds or an ISO 8601 date', () => {
    expect(parseTime('1763800000000', 'x')).toBe(1_763_800_000_000);
    expect(parseTime('2025-11-22T08:26:40Z', 'x')).toBe(1_763_800_000_000);
    expect(parseTime('2025-11-22', 'x')).toBe(Date.parse('2025-11-22'));
    for (const text of ['', 'yesterday', '-5', '2025-13-40', '1e9', '99999999999999999999'])
      expect(() => parseTime(text, '--since'), text).toThrow('--since wants milliseconds');
  });
});

describe('nearest', () => {
  it('finds what was meant, and nothing for what is far', () => {
    expect(nearest('apend', ['append', 'read'])).toBe('append');
    expect(nearest('raed', ['append', 'read'])).toBe('read');
    expect(nearest('ver', ['verify', 'read'])).toBe('verify');
    expect(nearest('xyzzy', ['append', 'read'])).toBeNull();
  });
});

describe('help', () => {
  it('names every command and every option', () => {
    const text = overview(COMMANDS);
    for (const name of names) {
      expect(text).toContain(`\n  ${name} `);
      const command: Command = COMMANDS[name];
      for (const option of Object.keys(command.options)) expect(commandHelp(COMMANDS, name)).toContain(`--${option}`);
    }
  });

  it('fits a terminal of 80 columns', () => {
    const texts = [overview(COMMANDS), ...names.map((name) => commandHelp(COMMANDS, name))];
    for (const line of texts.join('\n').split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});
