/**
 * `bench actors`: users' actors beside what one would use otherwise, in one run: raw ports, comlink and Piscina between
 * threads; XState's own actor and nact within one. Rounds are interleaved and medians taken, so that a busy moment of the
 * machine falls on all. Each task counts what arrived; a wrong count ends the bench.
 */
import { ActorSystem } from '../src/actors/system.js';
import { actorsTable, type Results } from './actors/document.js';
import { farPeers } from './actors/far.js';
import { memoryPerActor } from './actors/memory.js';
import { nearPeers } from './actors/near.js';
import { restartMs } from './actors/restart.js';
import type { Sizes, Subject } from './actors/subject.js';
import { machineFacts, machineText } from './measure/machine.js';
import { installPeers } from './peers.js';
import { progress, save } from './report/output.js';
import { digits, table } from './report/table.js';
import { type Verdict, verdict, verdictTable } from './report/verdict.js';

const FULL: Sizes = { rounds: 10, tells: 200_000, asks: 3_000, pipelined: 50_000, inFlight: 1_000, actors: 10_000 };
const QUICK: Sizes = { rounds: 1, tells: 2_000, asks: 50, pipelined: 500, inFlight: 100, actors: 200 };

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- actors [--quick] [--json FILE]\n');
    return;
  }
  const quick = args.includes('--quick');
  const sizes = quick ? QUICK : FULL;
  if (!quick) installPeers(['comlink', 'nact']);
  const system = new ActorSystem({ threads: 1 });
  const subjects = [...(await nearPeers(system, sizes)), ...(await farPeers(system, sizes))];
  const results = await measure(subjects, sizes);
  for (const subject of subjects) await subject.close?.();
  await system.stop();
  const memory = await memoryPerActor(sizes);
  const restart = await restartMs(sizes);
  const machine = machineFacts('.');
  const verdicts = judge(results, memory);
  process.stdout.write(`${machineText(machine)}\n`);
  process.stdout.write(`Microseconds a message (medians of ${sizes.rounds} rounds)\n\n${resultsTable(results)}\n`);
  process.stdout.write(`Bytes of heap an idle actor, of ${sizes.actors}\n\n${pairs(memory)}\n`);
  process.stdout.write(`Milliseconds from a throw to the first answer after the restart\n\n${pairs(restart)}\n`);
  process.stdout.write(verdictTable(verdicts));
  const saved = { microseconds: results, memoryBytes: memory, restartMs: restart, verdicts };
  const out = args.includes('--json') ? args[args.indexOf('--json') + 1] : undefined;
  if (out === undefined) return;
  save(out, `${JSON.stringify({ machine, sizes, ...saved }, null, 2)}\n`);
  // For docs/actors.md, which a test compares with the saved run.
  save(`${out}.md`, `${actorsTable(saved)}\n`);
}

async function measure(subjects: readonly Subject[], { rounds }: Sizes): Promise<Results> {
  const samples: Record<string, Record<string, number[]>> = {};
  for (let round = -1; round < rounds; round++) {
    // In either order by turns: what one leaves to the garbage collector falls on the next.
    for (const { task, name, messages, work } of round % 2 === 0 ? subjects : subjects.toReversed()) {
      progress(`round ${round + 1} of ${rounds}: ${task}, ${name}`);
      const startedMs = performance.now();
      await work();
      const micros = ((performance.now() - startedMs) * 1_000) / messages;
      // The first round warms up.
      if (round >= 0) ((samples[task] ??= {})[name] ??= []).push(micros);
    }
  }
  progress('');
  return mapValues(samples, (bySubject) => mapValues(bySubject, median));
}

function judge(results: Results, memory: Readonly<Record<string, number>>): Verdict[] {
  const micros = (task: string, name: string): number => results[task]?.[name] ?? Number.NaN;
  const against = 'raw port';
  const fanOutTask = Object.keys(results).find((task) => task.startsWith('fan-out')) ?? '';
  const fanOut = (name: string): number => micros(fanOutTask, name);
  return [
    verdict({
      what: 'tell to another thread: times as many as one postMessage each',
      reached: micros('tell, other thread', against) / micros('tell, other thread', 'ltl'),
      target: 3,
      bound: 'least',
      unit: '',
      against,
    }),
    verdict({
      what: 'one ask of another thread, in raw round trips',
      reached: micros('ask, other thread', 'ltl') / micros('ask, other thread', against),
      target: 1.3,
      bound: 'most',
      unit: '',
      against,
    }),
    verdict({
      what: 'pipelined asks: times as many as one after another',
      reached: micros('ask, other thread', 'ltl') / micros('ask pipelined, other thread', 'ltl'),
      target: 10,
      bound: 'least',
      unit: '',
      against: 'ltl, one at a time',
    }),
    verdict({
      what: 'tell in one thread: times as many as a machine of XState takes',
      reached: micros('tell, one thread', 'XState machine') / micros('tell, one thread', 'ltl'),
      target: 1,
      bound: 'least',
      unit: '',
      against: 'XState machine',
    }),
    verdict({
      what: 'tell in one thread: times as many as XState fromTransition takes',
      reached: micros('tell, one thread', 'XState fromTransition') / micros('tell, one thread', 'ltl'),
      target: 1,
      bound: 'least',
      unit: '',
      against: 'XState fromTransition',
    }),
    verdict({
      what: 'a message of a fan-out, in those of XState fromTransition',
      reached: fanOut('ltl') / fanOut('XState fromTransition'),
      target: 1,
      bound: 'most',
      unit: '',
      against: 'XState fromTransition',
    }),
    verdict({
      what: 'memory of an idle actor, in actors of XState (fromTransition)',
      reached: (memory['ltl'] ?? Number.NaN) / (memory['XState fromTransition'] ?? Number.NaN),
      target: 1.2,
      bound: 'most',
      unit: '',
      against: 'XState fromTransition',
    }),
  ];
}

function resultsTable(results: Results): string {
  const rows = Object.entries(results).flatMap(([task, bySubject]) => {
    const ours = bySubject['ltl'] ?? Number.NaN;
    return Object.entries(bySubject).map(([name, micros], at) => [
      at === 0 ? task : '',
      name,
      digits(micros),
      digits(1 / micros),
      digits(micros / ours),
    ]);
  });
  return table(['task', 'who', 'µs', 'million/s', 'ltl = 1'], rows);
}

function pairs(values: Readonly<Record<string, number>>): string {
  return table(
    ['', ''],
    Object.entries(values).map(([name, value]) => [name, digits(value)]),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function mapValues<From, To>(values: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
