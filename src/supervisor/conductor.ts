/**
 * The conductor: on the caller's thread, it takes one instance through its phases (closed, start, run, exit), keeps the
 * actors up by their child specs, and derives gates and flags from the states of the machines. It knows the actors by
 * URL only. The phase machine decides; what each of its effects does is here.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { Config } from '../config/config.js';
import { listSegments, type StorePaths, storePaths } from '../log/folder.js';
import type { KnownDurable, RecoveryReport } from '../log/recover.js';
import { acquireWriterLock, type WriterLock } from '../log/writer-lock.js';
import { Stepper } from '../tables/stepper.js';
import { Board, GATE, WORD, WRITER } from '../wire/board.js';
import { createRing, type RingHandle, wakeProducer } from '../wire/ring.js';
import { LtlError, type WireError } from '../words/errors.js';
import { type FlagSources, flagBits } from '../words/flags.js';
import { LIMITS } from '../words/limits.js';
import { describeExit } from './exit.js';
import { Link } from './link.js';
import type { SupervisorEvent, SupervisorStatus } from './spec.js';
import { Supervisor } from './supervisor.js';
