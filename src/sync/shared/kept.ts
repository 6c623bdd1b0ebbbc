/**
 * A step of the word that this thread made, kept: an uncontended lock goes to and fro between two words, and what the table
 * says of them need not be asked again. Nothing of it can be wrong later: a step depends on these figures only.
 */

export class Kept {
  from = 0;
  to = 0;
  /** What it adds to the record of the thread. */
  share = 0;
  event = -1;
  weight = 0;

  keep(from: number, to: number, event: number, weight: number, share: number): void {
    this.from = from;
    this.to = to;
    this.event = event;
    this.weight = weight;
    this.share = share;
  }
}
