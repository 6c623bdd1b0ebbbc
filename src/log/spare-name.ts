/** How segments that are written ahead are named: `spare-HEX.new` when whole, another ending while one is being made. */

const WHOLE = /^spare-[0-9a-f]+\.new$/;

/** True for a whole spare: all zeros, and synced. */
export const isSpareName = (name: string): boolean => WHOLE.test(name);
