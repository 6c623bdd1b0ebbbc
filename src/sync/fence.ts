/**
 * The resource's side of fencing tokens. A holder that was paused for long (a stopped process, a dead network) may come back
 * when somebody else holds the lock already; a resource that remembers the newest token it has seen refuses its writes.
 */
import { LtlError } from '../words/errors.js';

export class Fence {
  #newest = 0;

  /** The newest token admitted; 0 when none was. */
  get newest(): number {
    return this.#newest;
  }

  /** Admits the holder of this token, or throws E_FENCED when a newer one has been admitted before. */
  admit(lease: { readonly token: number }): void {
    if (lease.token < this.#newest)
      throw new LtlError('E_FENCED', `token ${lease.token} is older than ${this.#newest}`, {
        details: { token: lease.token, newest: this.#newest },
      });
    this.#newest = lease.token;
  }
}
