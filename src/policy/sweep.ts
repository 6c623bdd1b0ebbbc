/** Parameter sweeps: policy templates with letters to vary, and the Pareto front of what comes out. */
import { LtlError } from '../words/errors.js';
import { readNumber } from './grammar.js';
import { exp, ln } from './numerics.js';

/** A letter of a template and the values it takes. */
export interface Variation {
  readonly letter: string;
  readonly values: readonly number[];
}

/** Most policies that one sweep may run. */
export const SWEEP_POLICIES_MAX = 10_000;

/**
 * `T=100,500,2000` lists values; `T=100..100000x7` makes seven of them, evenly spaced in ratio and rounded to whole numbers
 * from 10 on.
 */
export function parseVariation(text: string): Variation {
  const [, letter = '', list = ''] = /^([A-Z])=(.+)$/.exec(text) ?? [];
  if (letter === '')
    throw new LtlError(
      'E_USAGE',
      `--vary is LETTER=V1,V2,… or LETTER=FROM..TOxCOUNT with a capital letter, not '${text}'`,
    );
  const range = /^(.+)\.\.(.+)x(\d+)$/.exec(list);
  const of = `--vary ${text}`;
  if (range === null) return { letter, values: list.split(',').map((value) => readNumber(value, 'a value', of)) };
  const from = readNumber(range[1] ?? '', 'the first value', of, { above: true });
  const to = readNumber(range[2] ?? '', 'the last value', of, { least: from, above: true });
  const count = readNumber(range[3] ?? '', 'the count', of, { least: 2, most: SWEEP_POLICIES_MAX, whole: true });
  const ratio = ln(to / from) / (count - 1);
  const values = Array.from({ length: count }, (_, index) => {
    if (index === 0) return from;
    return index === count - 1 ? to : rounded(from * exp(index * ratio));
  });
  return { letter, values: [...new Set(values)] };
}

/** Every template with every combination of the values of the letters that it contains. */
export function expandTemplates(templates: readonly string[], variations: readonly Variation[]): string[] {
  for (const { letter } of variations) {
    if (!templates.some((template) => letterIn(letter).test(template)))
      throw new LtlError('E_USAGE', `--vary ${letter}: no policy contains the letter ${letter}`);
  }
  let specs = [...templates];
  for (const { letter, values } of variations) {
    specs = specs.flatMap((spec) =>
      letterIn(letter).test(spec)
        ? values.map((value) => spec.replaceAll(letterIn(letter, 'g'), String(value)))
        : [spec],
    );
    if (specs.length > SWEEP_POLICIES_MAX)
      throw new LtlError('E_USAGE', `the sweep has more than ${SWEEP_POLICIES_MAX} policies`);
  }
  return [...new Set(specs)];
}

/** Indices of the points that no other point beats in both coordinates (less is better), in order of the first. */
export function paretoFront(points: readonly (readonly [number, number])[]): number[] {
  const order = points.map((_, index) => index).toSorted((a, b) => compare(points[a], points[b]));
  const front: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const index of order) {
    const second = points[index]?.[1] ?? Number.POSITIVE_INFINITY;
    if (second >= least) continue;
    least = second;
    front.push(index);
  }
  return front;
}

function compare(a: readonly [number, number] = [0, 0], b: readonly [number, number] = [0, 0]): number {
  return a[0] - b[0] || a[1] - b[1];
}

const letterIn = (letter: string, flags = ''): RegExp => new RegExp(`(?<![A-Za-z])${letter}(?![A-Za-z])`, flags);

const rounded = (value: number): number => (value >= 10 ? Math.round(value) : Number(value.toPrecision(3)));
