/**
 * A supervisor of users' actors: specs made of what the user said, one Supervisor, and for supervisors below it the same
 * again. It decides which end of a child is its last: a child that goes down with its supervisor may come back with it.
 */
import type { Clock } from '../ports/clock.js';
import type { ExitReason } from '../supervisor/exit.js';
import type { ChildHandle, ChildSpec, SupervisorEvent, SupervisorStatus } from '../supervisor/spec.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { STATE } from '../wire/mailbox.js';
import { SHUTDOWN_MS_DEFAULT } from '../words/actor-limits.js';
import { LtlError } from '../words/errors.js';
import type { ActorRef, SpawnOptions, SuperviseOptions } from './actor.js';
import type { ActorRecord } from './record.js';
import type { ActorNode } from './tree.js';

export interface SupervisionWorld {
  readonly clock: Clock;
  child(logic: unknown, options: SpawnOptions): { record: ActorRecord; spec: ChildSpec };
  emit(event: SupervisorEvent & { readonly supervisor: string }): void;
  down(record: ActorRecord, reason: ExitReason): void;
  dead(record: ActorRecord, reason: ExitReason): void;
  ended(supervision: Supervision): void;
}

type Member =
  | { readonly record: ActorRecord; readonly spec: ChildSpec }
  | { readonly below: Supervision; readonly spec: ChildSpec };

export class Supervision {
  readonly name: string;
  readonly #options: Omit<SuperviseOptions, 'children'>;
  readonly #world: SupervisionWorld;
  readonly #parent: Supervision | undefined;
  readonly #members = new Map<string, Member>();
  /** Made for one actor that was spawned by itself. */
  readonly #alone: boolean;
  #supervisor: Supervisor;
  #isOver = false;
  /** The start of the present supervisor. */
  #begun: Promise<void> = Promise.resolve();

  constructor(options: SuperviseOptions, world: SupervisionWorld, parent?: Supervision, alone?: Member) {
    this.name = options.name ?? 'supervisor';
    this.#options = options;
    this.#world = world;
    this.#parent = parent;
    this.#alone = alone !== undefined;
    if (alone !== undefined) this.#members.set(alone.spec.id, alone);
    for (const child of options.children) {
      if ('supervise' in child) this.#members.set(child.id, this.#below(child));
      else {
        const { id, logic, budget, ...rest } = child;
        const { record, spec } = world.child(logic, { restart: 'permanent', name: id, ...rest });
        record.stop = () => this.#stopMember(record);
        this.#members.set(id, { record, spec: budget === undefined ? { ...spec, id } : { ...spec, id, budget } });
      }
    }
    this.#supervisor = this.#make();
  }

  /** The reference of a child; `a/b` is child b of the supervisor a below. */
  ref<Message = unknown, Reply = unknown>(path: string): ActorRef<Message, Reply> {
    const [id = '', ...rest] = path.split('/');
    const member = this.#members.get(id);
    if (member !== undefined && 'below' in member) return member.below.ref(rest.join('/'));
    if (member === undefined || rest.length > 0) throw new LtlError('E_ARGUMENT', `${this.name} has no child ${path}`);
    return member.record.ref as unknown as ActorRef<Message, Reply>;
  }

  /** Resolves when it has ended, however: stopped, or failed with the reason of its escalation. */
  get exited(): Promise<ExitReason> {
    return this.#supervisor.exited;
  }

  status(): SupervisorStatus {
    return this.#supervisor.status();
  }

  /** It has ended for good. */
  get over(): boolean {
    return this.#isOver;
  }

  /** Stops the children in reverse order; resolves when all are down. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
  }

  async start(): Promise<void> {
    const supervisor = this.#supervisor;
    if (this.#parent === undefined) void supervisor.exited.then((reason) => this.#over(reason));
    this.#begun = supervisor.start();
    await this.#begun;
  }

  describe(actor: (record: ActorRecord, restarts: number) => ActorNode, seen: Set<ActorRecord>): ActorNode {
    const status = this.status();
    const children = status.children.map(({ id, restarts, state, lastExit }): ActorNode => {
      const member = this.#members.get(id);
      if (member === undefined) throw new LtlError('E_ARGUMENT', `no child ${id}`);
      if ('below' in member) return { ...member.below.describe(actor, seen), restarts, lastExit };
      seen.add(member.record);
      return { ...actor(member.record, restarts), state, lastExit };
    });
    const { state, restarts, failure } = status;
    return { kind: 'supervisor', name: this.name, state, restarts, lastExit: failure, children };
  }

  #make(): Supervisor {
    const { strategy, intensity, periodMs, backoff } = this.#options;
    return new Supervisor({
      strategy,
      ...(intensity === undefined ? {} : { intensity }),
      ...(periodMs === undefined ? {} : { periodMs }),
      ...(backoff === undefined ? {} : { backoff }),
      clock: this.#world.clock,
      children: [...this.#members.values()].filter((member) => !isDead(member)).map(({ spec }) => spec),
      onEvent: (event) => this.#happened(event),
    });
  }

  #below(child: Extract<SuperviseOptions['children'][number], { supervise: SuperviseOptions }>): Member {
    const below: Supervision = new Supervision({ name: child.id, ...child.supervise }, this.#world, this);
    const start = async (): Promise<ChildHandle> => {
      // A supervisor lives once: each life of this child is a new one over the same actors.
      below.#supervisor = below.#make();
      await below.start();
      return below.#supervisor;
    };
    const restart = child.restart ?? 'permanent';
    return { below, spec: { id: child.id, restart, shutdownMs: child.shutdownMs ?? below.#shutdownMs(), start } };
  }

  /** As long as all children may take, one after another. */
  #shutdownMs(): number {
    return [...this.#members.values()].reduce((sum, { spec }) => sum + spec.shutdownMs, SHUTDOWN_MS_DEFAULT);
  }

  /** Stops one child for good, on its user's word: its supervisor sees a child that ended as asked. */
  async #stopMember(record: ActorRecord): Promise<void> {
    const stopped = record.life?.exited;
    this.#supervisor.dismiss(record.name);
    await stopped;
  }

  #happened(event: SupervisorEvent): void {
    // Of an actor that was spawned by itself, the first life was told when it began.
    const told = this.#alone && event.type === 'started' && event.restarts === 0;
    if (!told) this.#world.emit({ ...event, supervisor: this.name });
    if (event.type !== 'exited' && event.type !== 'stopped') return;
    const member = this.#members.get(event.id);
    if (member === undefined) return;
    if ('below' in member) {
      if (event.final && !this.#goingDown()) member.below.#over(event.reason);
      return;
    }
    if (event.final && !this.#mayComeBack(event.id)) this.#world.dead(member.record, event.reason);
    else this.#world.down(member.record, event.reason);
    // A supervisor that was made for one actor has nothing left to do.
    if (event.final && this.#alone && !this.#goingDown())
      this.#begun.then(
        () => this.#supervisor.stop(),
        () => undefined,
      );
  }

  /** A child that goes down with a supervisor below another one comes back with it, if that one is restarted. */
  #mayComeBack(id: string): boolean {
    if (this.#parent === undefined) return false;
    return this.#goingDown() || this.status().children.some((child) => child.id === id && child.state === 'failed');
  }

  #goingDown(): boolean {
    return this.status().state.startsWith('down');
  }

  /** It has ended for good, and so has everything below it. */
  #over(reason: ExitReason): void {
    this.#isOver = true;
    for (const member of this.#members.values()) {
      if ('below' in member) member.below.#over(reason);
      else this.#world.dead(member.record, member.record.lastExit ?? reason);
    }
    if (this.#parent === undefined) this.#world.ended(this);
  }
}

/** What was told to be dead stays so, also when its supervisor begins anew. */
function isDead(member: Member): boolean {
  return 'below' in member ? member.below.over : member.record.slot.state === STATE.dead;
}

/** A supervisor for one actor that was spawned by itself and is to be restarted. */
export function superviseOne(spec: ChildSpec, record: ActorRecord, world: SupervisionWorld): Supervision {
  const { budget, backoff } = record.options;
  return new Supervision(
    {
      name: `supervisor of ${record.name}`,
      strategy: 'one-for-one',
      ...(budget === undefined ? {} : { intensity: budget.intensity, periodMs: budget.periodMs }),
      ...(backoff === undefined ? {} : { backoff }),
      children: [],
    },
    world,
    undefined,
    { record, spec },
  );
}
