/** Who holds or waits: anything with an identity. Each call is an owner of its own unless it names one. */

/** A string, a symbol or an object; an object with a `name` is called by it in errors. */
export type Owner = string | symbol | object;

/** What an owner is called in a message. */
export function ownerName(owner: Owner): string {
  if (typeof owner === 'symbol') return owner.description ?? 'symbol';
  if (typeof owner === 'string') return owner;
  if ('name' in owner && typeof owner.name === 'string' && owner.name !== '') return owner.name;
  return owner.constructor?.name ?? 'object';
}
