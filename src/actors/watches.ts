/**
 * Who in this place wants to know what becomes of an actor. One subscription at the conductor serves all of them; it
 * answers at once with what the actor is now, so watching one that is dead already tells so.
 */
import type { ExitReason } from '../supervisor/exit.js';
import type { FromPlace } from '../wire/place.js';
import type { Change } from './actor.js';

interface Watched {
  readonly listeners: Set<(change: Change) => void>;
  /** Lines that depend on the subscription. */
  held: number;
}

export class Watches {
  readonly #watched = new Map<number, Watched>();
  readonly #conduct: (message: FromPlace) => void;

  constructor(conduct: (message: FromPlace) => void) {
    this.#conduct = conduct;
  }

  add(id: number, listener: (change: Change) => void): () => void {
    const own = (change: Change): void => listener(change);
    this.#entry(id).listeners.add(own);
    // Asked anew for each listener: the answer tells one that comes late.
    this.#conduct({ tag: 'subscribe', id });
    return () => {
      this.#watched.get(id)?.listeners.delete(own);
      this.#tidy(id);
    };
  }

  /** Resolves when it is dead. */
  dead(id: number): Promise<void> {
    return new Promise((resolve) => {
      const end = this.add(id, (change) => {
        if (change.type !== 'dead') return;
        end();
        resolve();
      });
    });
  }

  hold(id: number): void {
    this.#entry(id).held++;
    this.#conduct({ tag: 'subscribe', id });
  }

  release(id: number): void {
    const watched = this.#watched.get(id);
    if (watched !== undefined) watched.held--;
    this.#tidy(id);
  }

  changed(id: number, change: 'up' | 'down' | 'dead', reason: ExitReason, first: boolean): void {
    const watched = this.#watched.get(id);
    // The answer to a subscription is news only when it says that all is over.
    if (watched === undefined || (first && change !== 'dead')) return;
    const told: Change = change === 'up' ? { type: 'up', id } : { type: change, id, reason };
    if (change === 'dead') this.#watched.delete(id);
    // Each in a turn of its own: what a listener throws is its owner's, and keeps nobody from hearing.
    for (const listener of watched.listeners) queueMicrotask(() => listener(told));
  }

  #entry(id: number): Watched {
    let watched = this.#watched.get(id);
    if (watched === undefined) this.#watched.set(id, (watched = { listeners: new Set(), held: 0 }));
    return watched;
  }

  #tidy(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined || watched.held > 0 || watched.listeners.size > 0) return;
    this.#watched.delete(id);
    this.#conduct({ tag: 'unsubscribe', id });
  }
}
