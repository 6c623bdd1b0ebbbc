/**
 * Messages are typed end to end: what is wrong here does not compile. `tsc` in the check is the judge; each line below
 * an expected error fails it when there is none.
 */
import type { ActorRef, Ltl, ReceiveContext, ReceiveLogic } from 'ltl';
import { describe, expectTypeOf, it } from 'vitest';
import { createMachine, fromTransition } from 'xstate';

type Order = { readonly type: 'add'; readonly by: number } | { readonly type: 'get' };
type Spawned<Message, Reply> = Promise<ActorRef<Message, Reply>>;

declare const ltl: Ltl;
declare const ref: ActorRef<Order, number>;

describe('the types of actors', () => {
  // Never called: only its types are looked at.
  const check = (): unknown[] => [
    ref.send({ type: 'add', by: 1 }),
    // @ts-expect-error: it takes no such message
    ref.send({ type: 'sub', by: 1 }),
    // @ts-expect-error: a field is missing
    ref.send({ type: 'add' }),
    // @ts-expect-error: a field is of another type
    ref.ask({ type: 'add', by: '1' }),
    // @ts-expect-error: options have these names only
    ref.ask({ type: 'get' }, { timeout: 5 }),
  ];

  it('let no wrong message be told or asked', () => {
    expectTypeOf(check).returns.toEqualTypeOf<unknown[]>();
  });

  it('give the reply of an ask its type', () => {
    expectTypeOf<ReturnType<(typeof ref)['ask']>>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<ActorRef<Order, string>['ask']>().returns.not.toEqualTypeOf<Promise<number>>();
  });

  it('let a reference stand only where it takes whatever may be sent', () => {
    expectTypeOf<ActorRef<Order, number>>().toExtend<ActorRef<{ readonly type: 'get' }>>();
    expectTypeOf<ActorRef<{ readonly type: 'get' }, number>>().not.toExtend<ActorRef<Order, number>>();
    expectTypeOf<ActorRef<Order>>().not.toExtend<ActorRef<Order, number>>();
  });

  it('follow from the logic that is spawned', () => {
    const receive = (state: number, message: Order, context: ReceiveContext<number>): number => {
      if (message.type === 'get') context.reply(state);
      return message.type === 'add' ? state + message.by : state;
    };
    const logic: ReceiveLogic<number, Order, number, { readonly first: number }> = {
      start: ({ first }) => first,
      receive: (state) => state,
    };
    const machine = createMachine({ types: {} as { events: Order } });
    const transition = fromTransition((count: number, event: Order) => (event.type === 'add' ? count + 1 : count), 0);
    const spawned = () =>
      ({
        receive: ltl.spawn(receive, { input: 0 }),
        logic: ltl.spawn(logic, { input: { first: 1 } }),
        module: ltl.spawn<Order, number>(new URL('file:///logic.js')),
        machine: ltl.spawn(machine),
        transition: ltl.spawn(transition),
        // @ts-expect-error: the first state is a number
        wrongState: ltl.spawn(receive, { input: '0' }),
        // @ts-expect-error: the input has another shape
        wrongInput: ltl.spawn(logic, { input: { last: 1 } }),
        // @ts-expect-error: there is no such policy
        wrongPolicy: ltl.spawn(receive, { input: 0, mailbox: { overflow: 'drop' } }),
      }) as const;
    expectTypeOf(spawned).returns.toHaveProperty('receive').toEqualTypeOf<Spawned<Order, number>>();
    expectTypeOf(spawned).returns.toHaveProperty('logic').toEqualTypeOf<Spawned<Order, number>>();
    expectTypeOf(spawned).returns.toHaveProperty('module').toEqualTypeOf<Spawned<Order, number>>();
    type Told<Ref> = Ref extends Promise<ActorRef<infer Message>> ? Message : never;
    expectTypeOf<Told<ReturnType<typeof spawned>['machine']>>().toEqualTypeOf<Order>();
    expectTypeOf<Told<ReturnType<typeof spawned>['transition']>>().toEqualTypeOf<Order>();
  });

  it('hold inside a handler too', () => {
    const receive = (state: number, _message: Order, context: ReceiveContext<number>): number => {
      // @ts-expect-error: the reply is a number
      context.reply('five');
      // @ts-expect-error: the other one takes no such message
      context.send(ref, { type: 'sub' });
      expectTypeOf(context.ask(ref, { type: 'get' })).toEqualTypeOf<Promise<number>>();
      return state;
    };
    expectTypeOf(receive).parameter(1).toEqualTypeOf<Order>();
  });
});
