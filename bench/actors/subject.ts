/** What the actor bench measures: one way of doing one task. */

export interface Sizes {
  readonly rounds: number;
  readonly tells: number;
  readonly asks: number;
  readonly pipelined: number;
  readonly inFlight: number;
  readonly actors: number;
}

export interface Subject {
  readonly task: string;
  readonly name: string;
  /** Messages in one call of `work`: what its time is divided by. */
  readonly messages: number;
  readonly work: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** One at a time. */
export async function oneByOne(times: number, ask: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time++) await ask();
}

/** `inFlight` at a time. */
export async function pipelined(times: number, inFlight: number, ask: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < times; done += inFlight) await Promise.all(Array.from({ length: inFlight }, ask));
}

export function mustBe(count: number, expected: number, who: string): void {
  if (count !== expected) throw new Error(`${who}: ${count} messages arrived, not ${expected}`);
}
