/**
 * Is this owner stuck for ever? The wait-for graph is reduced: whoever waits for nothing is taken to go on and release all
 * it holds, which may let others go on, and so forth. Who is left waits for each other. That is exact for counted permits
 * and for alternatives too, where a mere cycle would not be a deadlock yet. Holders without a name are taken to go on.
 */
import { LtlError } from '../words/errors.js';
import type { Lease } from './lease.js';
import { type Owner, ownerName } from './owner.js';
import type { Wait } from './owners.js';
import type { Waitable } from './waitable.js';
import type { Group, Waiter } from './waiter.js';

/** What the check asks of the owners. */
interface Knowledge {
  waitsOf(owner: Owner): Wait[];
  holdersOf(lock: Waitable): ReadonlySet<Lease>;
}

/** An owner, or what stands for one: a wait for several, or a single waiter, without a name. */
type Actor = Owner | Group | Waiter;

/** The error that names the cycle in which the owner waits, or undefined when it can still be granted. */
export function deadlockOf(owner: Owner, knowledge: Knowledge): LtlError | undefined {
  const graph = new Graph(knowledge);
  const free = graph.reduce(graph.reachable(owner));
  if (free.has(owner)) return undefined;
  const links = graph.cycle(owner, free);
  const said = links.map(
    ({ actor, wait, blocker }) =>
      `${graph.nameOf(actor)} waits for ${wait.lock.label}, blocked by ${graph.nameOf(blocker)}`,
  );
  return new LtlError('E_DEADLOCK', said.join('; '), {
    details: {
      cycle: links.map(({ actor, wait, blocker }) => ({
        owner: graph.nameOf(actor),
        waitsFor: wait.lock.label,
        blockedBy: graph.nameOf(blocker),
        ...(wait.place === '' ? {} : { place: wait.place }),
      })),
    },
  });
}

interface Link {
  readonly actor: Actor;
  readonly wait: Wait;
  readonly blocker: Actor;
}

class Graph {
  readonly #knowledge: Knowledge;
  /** What stands for an owner without a name, and what it waits with. An owner may be any object, so its looks tell nothing. */
  readonly #nameless = new Map<Actor, readonly Wait[]>();

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  nameOf(actor: Actor): string {
    return this.#nameless.has(actor) ? 'an owner without a name' : ownerName(actor as Owner);
  }

  reachable(start: Owner): Set<Actor> {
    const found = new Set<Actor>([start]);
    for (const actor of found) {
      for (const wait of this.#waits(actor)) for (const blocker of this.#blockers(wait)) found.add(blocker);
    }
    return found;
  }

  /** Those of the actors that can go on, now or after others have. */
  reduce(actors: ReadonlySet<Actor>): Set<Actor> {
    const free = new Set<Actor>();
    for (let before = -1; before < free.size; ) {
      before = free.size;
      for (const actor of actors) if (!free.has(actor) && this.#canGoOn(actor, free)) free.add(actor);
    }
    return free;
  }

  /** From a stuck owner along stuck blockers until one comes again: that part is the cycle. */
  cycle(start: Owner, free: ReadonlySet<Actor>): Link[] {
    const path: Link[] = [];
    for (let actor: Actor = start; ; ) {
      const seen = path.findIndex((link) => link.actor === actor);
      if (seen >= 0) return path.slice(seen);
      const link = this.#stuckLink(actor, free);
      path.push(link);
      actor = link.blocker;
    }
  }

  #stuckLink(actor: Actor, free: ReadonlySet<Actor>): Link {
    for (const wait of this.#waits(actor)) {
      if (this.#satisfiable(wait, free)) continue;
      const blocker = this.#blockers(wait).find((each) => !free.has(each) && each !== actor);
      return { actor, wait, blocker: blocker ?? actor };
    }
    throw new Error('a stuck owner waits for something');
  }

  #canGoOn(actor: Actor, free: ReadonlySet<Actor>): boolean {
    const waits = this.#waits(actor);
    const needed = waits.filter(({ alternatives }) => !alternatives);
    const either = waits.filter(({ alternatives }) => alternatives);
    return (
      needed.every((wait) => this.#satisfiable(wait, free)) &&
      (either.length === 0 || either.some((wait) => this.#satisfiable(wait, free)))
    );
  }

  /** Could this wait be granted once everybody who can go on has gone on? */
  #satisfiable({ waiter, lock }: Wait, free: ReadonlySet<Actor>): boolean {
    const own = this.#actorOf(waiter, lock);
    const before = ahead(waiter, lock).map((each) => this.#actorOf(each, lock));
    if (before.some((each) => each !== own && !free.has(each))) return false;
    const staying = [...this.#knowledge.holdersOf(lock)].filter((lease) => !free.has(lease.owner));
    return lock.feasible(waiter, staying);
  }

  #blockers({ waiter, lock }: Wait): Actor[] {
    const holders = [...this.#knowledge.holdersOf(lock)].map((lease) => lease.owner);
    return [...holders, ...ahead(waiter, lock).map((each) => this.#actorOf(each, lock))];
  }

  #waits(actor: Actor): readonly Wait[] {
    const waits = this.#knowledge.waitsOf(actor as Owner);
    return waits.length > 0 ? waits : (this.#nameless.get(actor) ?? []);
  }

  #actorOf(waiter: Waiter, lock: Waitable): Actor {
    const { named, group } = waiter.words ?? {};
    if (named !== undefined) return named;
    const actor = group ?? waiter;
    const alternatives = group?.alternatives ?? false;
    const waits = group?.legs.map((leg) => ({ waiter: leg, lock: leg.words.lock })) ?? [{ waiter, lock }];
    this.#nameless.set(
      actor,
      waits.map((wait) => ({ ...wait, alternatives, place: '' })),
    );
    return actor;
  }
}

/** Those before this waiter in the lock's queue. An upgrader is in no queue. */
function ahead(waiter: Waiter, lock: Waitable): Waiter[] {
  const found: Waiter[] = [];
  for (let each = lock.first; each !== undefined; each = each.next) {
    if (each === waiter) return found;
    found.push(each);
  }
  return [];
}
