/** The door of `ltl/policy`: describe a policy, run it over arrivals, see what it costs and what it saves. */
export * from './contract.js';
export { definePolicy, type PolicyDefinition } from './define.js';
export type { Outcome } from './outcome.js';
export { type SimulateOptions, simulate } from './simulate.js';
export { parsePolicy } from './spec.js';
export { type ArrivalBlock, readTrace } from './trace.js';
export { readTraceFile } from './traceFile.js';
