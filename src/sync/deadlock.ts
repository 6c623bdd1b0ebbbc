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
import { type Group, Waiter } from './waiter.js';

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
      `${actorName(actor)} waits for ${wait.waiter.lock.label}, blocked by ${actorName(blocker)}`,
  );
  return new LtlError('E_DEADLOCK', said.join('; '), {
    details: {
      cycle: links.map(({ actor, wait, blocker }) => ({
        owner: actorName(actor),
        waitsFor: wait.waiter.lock.label,
        blockedBy: actorName(blocker),
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

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  reachable(start: Owner): Set<Actor> {
    const found = new Set<Actor>([start]);
    for (const actor of found) {
      for (const { waiter } of this.#waits(actor)) for (const blocker of this.#blockers(waiter)) found.add(blocker);
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
      if (this.#satisfiable(wait.waiter, free)) continue;
      const blocker = this.#blockers(wait.waiter).find((each) => !free.has(each) && each !== actor);
      return { actor, wait, blocker: blocker ?? actor };
    }
    throw new Error('a stuck owner waits for something');
  }

  #canGoOn(actor: Actor, free: ReadonlySet<Actor>): boolean {
    const waits = this.#waits(actor);
    const needed = waits.filter(({ alternatives }) => !alternatives);
    const either = waits.filter(({ alternatives }) => alternatives);
    return (
      needed.every(({ waiter }) => this.#satisfiable(waiter, free)) &&
      (either.length === 0 || either.some(({ waiter }) => this.#satisfiable(waiter, free)))
    );
  }

  /** Could this waiter be granted once everybody who can go on has gone on? */
  #satisfiable(waiter: Waiter, free: ReadonlySet<Actor>): boolean {
    const own = actorOf(waiter);
    if (ahead(waiter).some((each) => actorOf(each) !== own && !free.has(actorOf(each)))) return false;
    const staying = [...this.#knowledge.holdersOf(waiter.lock)].filter((lease) => !free.has(lease.owner));
    return waiter.lock.feasible(waiter, staying);
  }

  #blockers(waiter: Waiter): Actor[] {
    const holders = [...this.#knowledge.holdersOf(waiter.lock)].map((lease) => lease.owner);
    return [...holders, ...ahead(waiter).map(actorOf)];
  }

  #waits(actor: Actor): Wait[] {
    const waits = this.#knowledge.waitsOf(actor as Owner);
    if (waits.length > 0) return waits;
    const legs = legsOf(actor);
    return legs.map((waiter) => ({ waiter, alternatives: false, place: '' }));
  }
}

const actorOf = (waiter: Waiter): Actor => waiter.named ?? waiter.group ?? waiter;

function legsOf(actor: Actor): readonly Waiter[] {
  if (typeof actor !== 'object') return [];
  if ('legs' in actor) return actor.legs as readonly Waiter[];
  // A waiter without a name and without a group stands for itself.
  return actor instanceof Waiter ? [actor] : [];
}

/** Those before this waiter in its queue. An upgrader is in no queue. */
function ahead(waiter: Waiter): Waiter[] {
  const found: Waiter[] = [];
  for (let each = waiter.lock.first; each !== undefined; each = each.next) {
    if (each === waiter) return found;
    found.push(each);
  }
  return [];
}

function actorName(actor: Actor): string {
  if (legsOf(actor).length > 0) return 'an owner without a name';
  return ownerName(actor as Owner);
}
