/** The figures as XState takes them: context, guards and `assign` actions for the lock machines' setups. */
import { assign } from 'xstate';
import { type Figures, GUARDS, type IntegerOp, OPS } from './figures.js';

export interface LockEventObject<Type extends string> {
  readonly type: Type;
  /** Permits asked for, given back, or asked for by the head of the queue; 1 when absent. */
  readonly weight?: number;
}

interface Args {
  readonly context: Figures;
  readonly event: { readonly weight?: number };
}

const weightOf = (args: Args): number => args.event.weight ?? 1;

/** Where every lock machine begins; `input.available` is the number of permits. */
export const figuresFrom = ({ input }: { readonly input: Partial<Figures> | undefined }): Figures => ({
  available: input?.available ?? 1,
  readers: 0,
  waiting: 0,
});

/** The guards by name, for `setup({ guards })`. */
export const guards = {
  blocked: (args: Args) => GUARDS.blocked(args.context, weightOf(args)),
  last: (args: Args) => GUARDS.last(args.context, 1),
  idle: (args: Args) => GUARDS.idle(args.context, 1),
  lastReader: (args: Args) => GUARDS.lastReader(args.context, 1),
  othersRead: (args: Args) => GUARDS.othersRead(args.context, 1),
};

/** One integer op applied to figures. */
export function applied(op: IntegerOp, figures: Figures, weight: number): Figures {
  return { ...figures, [op.figure]: figures[op.figure] + op.by * (op.weighted ? weight : 1) };
}

/** The integer ops by name, for `setup({ actions })` of a machine with these events. */
export function opsFor<Type extends string>() {
  const asAssign = (op: IntegerOp) =>
    assign<Figures, LockEventObject<Type>, undefined, LockEventObject<Type>, never>(({ context, event }) =>
      applied(op, context, event.weight ?? 1),
    );
  return {
    take: asAssign(OPS.take),
    put: asAssign(OPS.put),
    join: asAssign(OPS.join),
    quit: asAssign(OPS.quit),
    park: asAssign(OPS.park),
    unpark: asAssign(OPS.unpark),
  };
}
