/**
 * The door of `ltl/policy`: describe a sleep policy, run it over arrivals, see what it costs and what it saves. Needs no store.
 *
 * `parsePolicy` and `definePolicy` give policies, `readTraceFile` and `generateArrivals` arrivals; `simulate` runs several
 * policies over them once, `runStudy` in replications with paired differences, `runModel` gives the figures of a queue.
 */
export { type Calibration, calibratedPolicy, parseCalibration } from './calibration.js';
export * from './contract.js';
export { definePolicy, type PolicyDefinition } from './define.js';
export { generateArrivals, generateServices } from './generate.js';
export { Governor, type GovernorSnapshot } from './governor.js';
export { type ArrivalLaw, parseArrivals, parseService, type ServiceLaw } from './laws.js';
export { METRICS, type MetricName } from './metrics.js';
export { type ModelOptions, type ModelResult, replicationSeed, runModel } from './model.js';
export type { Outcome } from './outcome.js';
export { type SimulateOptions, simulate } from './simulate.js';
export { type Service, Simulation, type SimulationOptions } from './simulation.js';
export { type ParseOptions, parsePolicy } from './spec.js';
export type { Estimate } from './statistics.js';
export { runStudy, type Source, type StudyOptions, type StudyRow } from './study.js';
export { expandTemplates, paretoFront, parseVariation, type Variation } from './sweep.js';
export type { Transition } from './tally.js';
export { type ArrivalBlock, readTrace } from './trace.js';
export { readTraceBytes, readTraceFile } from './traceFile.js';
