/** How states of a policy look in every figure, and the row that says which colour is which. */
import { element, label, MARGIN_LEFT } from '../../page/svg.js';

/** Awake is warm; the deeper a sleep the darker its blue. */
export function stateColour(state: number, states: number): string {
  if (state === 0) return '#e8a13a';
  const shades = ['#a9cbea', '#5f94c8', '#2f5f99', '#173a66'];
  if (states <= 2) return '#5f94c8';
  return (
    shades[Math.min(shades.length - 1, Math.round(((state - 1) / (states - 2)) * (shades.length - 1)))] ?? '#5f94c8'
  );
}

/** Names of states with their colours, in a row; where policies name their states differently, only what the colours mean. */
export function stateLegend(
  y: number,
  policies: readonly { readonly states: readonly { readonly name: string }[] }[],
): string {
  const lists = policies.map(({ states }) => states.map(({ name }) => name)).toSorted((a, b) => b.length - a.length);
  const widest = lists[0] ?? [];
  const same = lists.every((list) => list.length === 1 || list.join() === widest.join());
  const names = same ? widest : ['awake', '', '', 'asleep: the darker, the deeper'];
  let x = MARGIN_LEFT;
  return names
    .map((name, state) => {
      const swatch = element('rect', { x, y: y - 10, width: 12, height: 12, fill: stateColour(state, names.length) });
      const text = name === '' ? '' : label(x + 18, y, name, 's');
      x += name === '' ? 14 : 40 + 7 * name.length;
      return swatch + text;
    })
    .join('');
}
