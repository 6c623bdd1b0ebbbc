/**
 * The order in which locks are taken, watched while developing: when some owner takes `b` while holding `a`, and ever another
 * took `a` while holding `b`, a deadlock is possible even if none has happened. Locks of one name are one class; a lock
 * without a name is a class of its own. While it is on, places in the program are kept, which costs a stack trace a wait.
 */
import type { Lease } from './lease.js';
import { type Owner, ownerName } from './owner.js';
import type { Waitable } from './waitable.js';

/** Two classes of locks that are taken in both orders. */
export interface OrderInversion {
  /** The class held and the class asked for now, which closed the circle. */
  readonly held: string;
  readonly asked: string;
  readonly owner: string;
  /** Where it was asked for now. */
  readonly place: string;
  /** The older orders that lead back from `asked` to `held`, each with its place. */
  readonly before: readonly { readonly held: string; readonly asked: string; readonly place: string }[];
}

type LockClass = string | Waitable;
type InversionListener = (inversion: OrderInversion) => void;

const classOf = (lock: Waitable): LockClass => lock.name ?? lock;
const className = (lockClass: LockClass): string => (typeof lockClass === 'string' ? lockClass : lockClass.label);

class OrderCheck {
  on = false;
  readonly #listeners = new Set<InversionListener>();
  readonly #after = new Map<LockClass, Map<LockClass, string>>();
  readonly #told = new Map<LockClass, Set<LockClass>>();

  watch(listener: InversionListener): () => void {
    const entry: InversionListener = (inversion) => listener(inversion);
    this.#listeners.add(entry);
    this.on = true;
    return () => {
      this.#listeners.delete(entry);
      this.on = this.#listeners.size > 0;
      if (this.on) return;
      this.#after.clear();
      this.#told.clear();
    };
  }

  asks(owner: Owner, held: readonly Lease[], lock: Waitable): void {
    const asked = classOf(lock);
    for (const lease of held) {
      const holding = classOf(lease.lock);
      const known = this.#after.get(holding) ?? new Map<LockClass, string>();
      if (known.has(asked) || holding === asked) continue;
      const back = this.#path(asked, holding, new Set());
      const place = placeOf();
      this.#after.set(holding, known.set(asked, place));
      if (back !== undefined) this.#tell(owner, holding, asked, place, back);
    }
  }

  /** The known orders that lead from one class to another, or undefined. */
  #path(from: LockClass, to: LockClass, seen: Set<LockClass>): OrderInversion['before'] | undefined {
    seen.add(from);
    for (const [next, place] of this.#after.get(from) ?? []) {
      const step = { held: className(from), asked: className(next), place };
      if (next === to) return [step];
      const rest = seen.has(next) ? undefined : this.#path(next, to, seen);
      if (rest !== undefined) return [step, ...rest];
    }
    return undefined;
  }

  #tell(owner: Owner, held: LockClass, asked: LockClass, place: string, before: OrderInversion['before']): void {
    const told = this.#told.get(held) ?? new Set<LockClass>();
    if (told.has(asked)) return;
    this.#told.set(held, told.add(asked));
    const inversion = { held: className(held), asked: className(asked), owner: ownerName(owner), place, before };
    for (const listener of this.#listeners) listener(inversion);
  }
}

/** One for the thread: an order has two sides, and they are rarely in one instance. */
export const orderCheck = new OrderCheck();

/** Development mode: the listener hears of each pair of lock classes that named owners take in both orders. Returns its end. */
export function watchLockOrder(listener: InversionListener): () => void {
  return orderCheck.watch(listener);
}

/** Where the caller of a lock stands, outside this room; empty unless orders are watched. */
export function placeOf(): string {
  if (!orderCheck.on) return '';
  const lines = (new Error('here').stack ?? '').split('\n').slice(1);
  return (lines.find((line) => !/[\\/]sync[\\/][a-z-]+\.[jt]s/.test(line)) ?? lines.at(-1) ?? '').trim();
}
