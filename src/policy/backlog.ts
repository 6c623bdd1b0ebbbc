/** The records that wait for service, first come first served: a ring of arrival times and sizes that grows by doubling. */
export class Backlog {
  count = 0;
  bytes = 0;
  #atMs = new Float64Array(64);
  #bytes = new Float64Array(64);
  #head = 0;

  push(atMs: number, bytes: number): void {
    if (this.count === this.#atMs.length) this.#grow();
    const tail = (this.#head + this.count) & (this.#atMs.length - 1);
    this.#atMs[tail] = atMs;
    this.#bytes[tail] = bytes;
    this.count++;
    this.bytes += bytes;
  }

  /** Arrival time of the record at the head. */
  get headAtMs(): number {
    return this.#atMs[this.#head] ?? 0;
  }

  /** Size of the record at the head. */
  get headBytes(): number {
    return this.#bytes[this.#head] ?? 0;
  }

  shift(): void {
    this.bytes -= this.headBytes;
    this.#head = (this.#head + 1) & (this.#atMs.length - 1);
    this.count--;
  }

  #grow(): void {
    this.#atMs = unrolled(this.#atMs, this.#head);
    this.#bytes = unrolled(this.#bytes, this.#head);
    this.#head = 0;
  }
}

function unrolled(ring: Float64Array, head: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * ring.length);
  longer.set(ring.subarray(head));
  longer.set(ring.subarray(0, head), ring.length - head);
  return longer;
}
