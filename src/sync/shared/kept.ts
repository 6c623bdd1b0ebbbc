/**
 * A step of the word that this thread made, kept: an uncontended lock goes to and fro between two words, and what the table
 * says of them need not be asked again. Nothing of it can be wrong later: a step depends on these figures only.
 */
export class Kept {
  from = 0;
  to = 0;
  share = 0;
  private event = -1;
  private weight = 0;

  /** Is this the step from that word? */
  is(from: number, event: number, weight: number): boolean {
    return this.from === from && this.event === event && this.weight === weight;
  }

  keep(from: number, to: number, event: number, weight: number, share: number): void {
    this.from = from;
    this.to = to;
    this.event = event;
    this.weight = weight;
    this.share = share;
  }
}
