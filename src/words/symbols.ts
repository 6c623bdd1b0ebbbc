/**
 * The symbols of the runtime's vocabulary. They are registered (`Symbol.for`), so that two copies of the package in
 * one process, and every thread, mean the same thing by them.
 */

export const symDATA: unique symbol = Symbol.for('ltl.symDATA');
export const symREADS: unique symbol = Symbol.for('ltl.symREADS');
export const symWRITES: unique symbol = Symbol.for('ltl.symWRITES');
export const symSLEEP_DEEP: unique symbol = Symbol.for('ltl.symSLEEP_DEEP');
export const symSLEEP_NAP: unique symbol = Symbol.for('ltl.symSLEEP_NAP');
export const symHARD_LOCK: unique symbol = Symbol.for('ltl.symHARD_LOCK');
export const symSOFT_LOCK: unique symbol = Symbol.for('ltl.symSOFT_LOCK');
