/** Room in a full mailbox goes round among the threads that wait for it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Room } from '../../../src/actors/room.js';
import { type Slot, Slots } from '../../../src/wire/mailbox.js';

const SIZE = 64;
const OWN = 1;
const [NEAR, FAR] = [2, 3];

describe('room in a mailbox', () => {
  let slot: Slot;
  let told: number[];
  let room: Room;
  beforeEach(() => {
    slot = new Slots().make();
    slot.bound(SIZE, 'wait');
    told = [];
    room = new Room(slot, (place) => told.push(place));
    fill(SIZE);
  });

  function fill(depth: number): void {
    while (slot.depth < depth) slot.reserve();
  }

  function drain(depth: number): void {
    while (slot.depth > depth) {
      slot.take();
      room.offer();
    }
  }

  it('is offered from the half-empty mailbox on, to the first that asked', () => {
    room.want(NEAR);
    room.want(FAR);
    drain(SIZE / 2 + 1);
    expect(told).toEqual([]);
    drain(SIZE / 2);
    expect(told).toEqual([NEAR]);
  });

  it('is offered at once where there is some', () => {
    drain(1);
    room.want(NEAR);
    expect(told).toEqual([NEAR]);
  });

  it('goes to the next place when the one before has used it, however quickly that one asks again', () => {
    room.want(OWN);
    room.want(FAR);
    for (let round = 0; round < 100; round += 1) {
      drain(SIZE / 2);
      fill(SIZE);
      room.want(told.at(-1) ?? 0);
    }
    expect(told).toEqual(Array.from({ length: 100 }, (_, round) => (round % 2 === 0 ? OWN : FAR)));
  });

  it('goes to the next place as well when the one before does not use it and the mailbox runs dry', () => {
    room.want(NEAR);
    room.want(FAR);
    drain(SIZE / 8 + 1);
    expect(told).toEqual([NEAR]);
    drain(SIZE / 8);
    expect(told).toEqual([NEAR, FAR]);
    // Late, but it asks: nothing is lost.
    room.want(NEAR);
    expect(told).toEqual([NEAR, FAR, NEAR]);
  });

  it('is offered once to a place that asks twice', () => {
    room.want(NEAR);
    room.want(NEAR);
    drain(0);
    expect(told).toEqual([NEAR]);
  });

  it('in a mailbox for one is offered when it is empty', () => {
    slot.bound(1, 'wait');
    room.want(NEAR);
    room.want(FAR);
    drain(1);
    expect(told).toEqual([]);
    drain(0);
    expect(told).toEqual([NEAR, FAR]);
  });
});
