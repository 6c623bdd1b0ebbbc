/** The actor that the bench talks to: counts, and answers with what it was sent. Also what Piscina runs, as `task`. */
import type { ReceiveContext } from '../src/actors/actor.js';

export interface Work {
  readonly type: string;
  readonly id: number;
  readonly user: string;
  readonly payload: string;
}

export default function receive(count: number, message: Work, context: ReceiveContext<Work>): number {
  if (message.type === 'ask') context.reply(message);
  if (message.type === 'throw') throw new Error('on purpose');
  return count + 1;
}

export function task(message: Work): Work {
  return message;
}
