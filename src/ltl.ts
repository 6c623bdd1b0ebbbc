/** The door: what `import { open } from 'ltl'` gives. */
export { ERRORS, type ErrorCode, isLtlError, LtlError } from './words/errors.js';
export * from './words/symbols.js';
