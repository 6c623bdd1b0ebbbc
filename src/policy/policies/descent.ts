/**
 * The shape that most policies share: when the system has drained, follow a plan of steps into deeper states (or back
 * awake, before an arrival that is expected), and wake at the next arrival. What differs is the plan, and what is learned
 * from the length of each idle period.
 */
import { AWAKE, type Decision, NEVER, type Policy, type PolicyEvent } from '../contract.js';
import { definePolicy } from '../define.js';

/** After so many idle ms, be in that state. */
export interface Step {
  readonly afterMs: number;
  readonly state: number;
  readonly reason: string;
}

export interface DescentMemory<Lesson> {
  /** When the system drained; null while it has work. */
  readonly idleFromMs: number | null;
  readonly lesson: Lesson;
}

export interface Descent<Lesson> extends Pick<Policy, 'spec' | 'states' | 'worstRatio'> {
  /** What is known before the first idle period, as plain data. */
  readonly lesson: Lesson;
  /** The steps of an idle period, in order of time, from what is known as it begins. */
  plan(lesson: Lesson): readonly Step[];
  /** What is known after an idle period of that length; the same as before when left out. */
  learn?(lesson: Lesson, idleMs: number): Lesson;
}

export function descendingPolicy<Lesson>(descent: Descent<Lesson>): Policy<DescentMemory<Lesson>> {
  const { spec, states, worstRatio, lesson } = descent;
  return definePolicy({
    spec,
    states,
    worstRatio,
    memory: { idleFromMs: null, lesson } as DescentMemory<Lesson>,
    decide: (event, memory) => decide(descent, event, memory),
  });
}

function decide<Lesson>(
  descent: Descent<Lesson>,
  event: PolicyEvent,
  memory: DescentMemory<Lesson>,
): Decision<DescentMemory<Lesson>> {
  const { idleFromMs, lesson } = memory;
  if (event.kind === 'arrival') {
    if (idleFromMs === null) return { state: AWAKE, timerMs: NEVER, reason: 'arrival', memory };
    const idleMs = event.atMs - idleFromMs;
    // Records that come at the same instant are one arrival to the policy: an idle period without length teaches nothing.
    const learned = descent.learn === undefined || idleMs === 0 ? lesson : descent.learn(lesson, idleMs);
    return { state: AWAKE, timerMs: NEVER, reason: 'arrival', memory: { idleFromMs: null, lesson: learned } };
  }
  if (idleFromMs === null) {
    // No step is taken at the very instant of draining: an arrival at that instant still comes first.
    const first = descent.plan(lesson)[0];
    const timerMs = first === undefined ? NEVER : event.atMs + first.afterMs;
    return { state: AWAKE, timerMs, reason: 'idle', memory: { idleFromMs: event.atMs, lesson } };
  }
  return follow(descent.plan(lesson), idleFromMs, event.atMs, memory);
}

/** The last step whose time has come, with the timer at the next one. */
function follow<Memory>(steps: readonly Step[], idleFromMs: number, nowMs: number, memory: Memory): Decision<Memory> {
  let state = AWAKE;
  let reason = 'idle';
  for (const step of steps) {
    const dueMs = idleFromMs + step.afterMs;
    if (dueMs > nowMs) return { state, timerMs: dueMs, reason, memory };
    ({ state, reason } = step);
  }
  return { state, timerMs: NEVER, reason, memory };
}
