import type { ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { foldJournal } from "../../shared/broker/store/journal-reader.ts";
import { checkCited } from "../../shared/broker/store/store-check.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { apply, type WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { streams } from "../../shared/wire/subjects.ts";
import { type AnswerPorts, answers } from "./answers.ts";
import { Hearing, heardOnce } from "./hearing.ts";
import { watchIntake } from "./intake-watch.ts";
import { InviteCare } from "./invite-care.ts";
import { Deposed, type JournalPorts, JournalWriter } from "./journal.ts";
import { type LeaderIdentity, Leadership, type LeadershipPorts } from "./leadership.ts";
import { recallCurves } from "./pruning/recall-curves.ts";
import { Reign } from "./reign/reign.ts";
import { type StoredSizes, watchRoom } from "./room-watch.ts";
import { type TrafficPorts, watchArrivals } from "./rules/arrivals.ts";
import { follow } from "./rules/consequences.ts";
import { closeOwn } from "./rules/own-search.ts";
import { SnapshotCare, type SnapshotPorts } from "./snapshot-care.ts";
import { tellStatus } from "./status.ts";
import { type StorePorts, storePorts } from "./store-ports.ts";
import { watchStore } from "./store-watch.ts";
import { Upkeep } from "./upkeep.ts";
import { UserList, type UserListPorts } from "./user-list.ts";
import { judgeEvidence } from "./workers/evidence.ts";

export interface ServicePorts
  extends JournalPorts,
    UserListPorts,
    AnswerPorts,
    StorePorts,
    SnapshotPorts,
    Omit<LeadershipPorts, "entries"> {
  /**
   * Where questions arrive: a connection of their own, so that no answer of the broker waits behind a flood of them. A
   * leader that hears no answer cannot keep its lead, and so cannot cut off the flooder. Left out: `bus`.
   */
  readonly questions?: Pick<Bus, "respond" | "onReconnect" | "isConnected" | "flush">;
  readonly identity: LeaderIdentity;
  readonly leaseMs: number;
  /** The invitation whose line this machine's coordinator shows; left out: none. */
  readonly showInvite?: ShowInvite;
  /** What workers have sent the broker; left out where that cannot be known. */
  readonly traffic?: TrafficPorts;
  /** Called with the sequence of a reign's first record, once it is stored. */
  onLed?(seq: number): Promise<void>;
  /** What workers have stored; a simulation leaves it out. */
  readonly storedSizes?: StoredSizes;
  /** Hears of each record that this leader has stored, with the table of its job; a simulation leaves it out. */
  onStored?(event: JournalEvent, table: RunTable | undefined): void;
  /** Called at the end of each reign, while it still holds the lead: the next leader finds what this did. Must not throw. */
  beforeRelease?(leads: () => boolean): Promise<void>;
  /** Called when this process starts and stops leading. */
  onLeading(leads: boolean): void;
}

const tickMs = 200;
const quotasEveryMs = 2000;

/** Stands by, leads, and stands by again when deposed, until the signal aborts; then steps down. */
export async function serve(ports: ServicePorts, signal: AbortSignal): Promise<void> {
  let leastTerm = 0;
  while (!signal.aborted) {
    if (ports.questions) await heardOnce(ports.questions, ports.clock, signal);
    const deposed = new AbortController();
    const onLost = (why: string): void => {
      ports.log.warn(`no longer leading: ${why}`);
      deposed.abort();
    };
    const leadership = await Leadership.take(
      { ...ports, entries: ports.bus.entries },
      ports.identity,
      onLost,
      signal,
      leastTerm,
    );
    if (!leadership) return;
    try {
      await lead(ports, leadership, onLost, AbortSignal.any([signal, deposed.signal]));
    } catch (error) {
      if (!(error instanceof BusError || error instanceof Deposed || error instanceof TermTooLow)) throw error;
      if (error instanceof TermTooLow) leastTerm = error.journalTerm;
      ports.log.warn(`no longer leading: ${error.message}`);
      await ports.clock.pause(tickMs, signal);
    } finally {
      try {
        ports.onLeading(false);
      } finally {
        await ports.beforeRelease?.(() => leadership.leads);
        await leadership.release();
      }
    }
  }
}

async function lead(
  ports: ServicePorts,
  leadership: Leadership,
  onLost: (why: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { bus, questions = bus, clock, log } = ports;
  const { state, records } = await unlessEnded(foldAndLead(ports, leadership), signal);
  const journal = new JournalWriter(ports, leadership.term, state.seq, onLost, (why) =>
    log.error(`the journal does not take a record yet: ${why}`),
  );
  const snapshots = new SnapshotCare(ports, state, records);
  const reign = new Reign(
    state,
    leadership.term,
    ports.leaseMs,
    {
      ...storePorts(ports),
      append: (event) => {
        snapshots.recorded();
        const stored = journal.append(event);
        void tellStored(ports, state, event, stored);
        return stored;
      },
      flushed: () => journal.flushed(),
      publishUsers: async () => {
        invites.look();
        try {
          await users.publish();
        } catch (error) {
          void users.publishSoon(signal);
          throw error;
        }
      },
      leads: () => leadership.leads && !signal.aborted,
    },
    follow,
  );
  const hearing = ports.questions && new Hearing(ports.questions, clock, ports.leaseMs);
  const upkeep = new Upkeep(reign, () => hearing?.hears ?? true);
  const users = new UserList(ports, reign);
  const invites = new InviteCare(reign, ports.showInvite, () => void users.publishSoon(signal));
  let corrupt: JournalCorruptError | undefined;
  const undo: (() => void | Promise<void>)[] = [() => closeOwn(reign)];
  try {
    await ports.intake?.reopen();
    invites.look();
    await journal.flushed();
    await users.publishSoon(signal);
    for (const connection of new Set([bus, questions]))
      undo.push(connection.onReconnect(() => upkeep.silenceWasOurs("the broker was away")));
    await recallCurves(reign, bus);
    undo.push(await hearEvidence(reign, bus, onLost));
    for (const stop of answers(reign, questions, ports)) undo.push(stop);
    const timer = clock.every(tickMs, () => {
      upkeep.tick();
      invites.tick();
      snapshots.tick(signal);
    });
    undo.push(() => timer.cancel());
    if (hearing) {
      const onAgain = (): void => upkeep.silenceWasOurs("no question could reach it");
      undo.push(hearing.watch(onAgain, () => onLost("for three leases no question could reach it")));
    }
    for (const stop of watches(reign, ports)) undo.push(stop);
    const known = { journal: () => journal.stored, evidence: () => reign.evidence.judged };
    const watch = watchStore(bus, clock, known, (error) => {
      corrupt = error;
      onLost(error.message);
    });
    undo.push(watch);
    await Promise.all([bus.flush(), questions.flush()]);
    ports.onLeading(true);
    log.info({ term: reign.term, jobs: state.jobs.size, seq: state.seq }, "leading");
    reign.waiting.wake();
    await aborted(signal);
    if (corrupt) throw corrupt;
  } finally {
    for (const step of undo.reverse()) {
      try {
        await step();
      } catch (error) {
        log.error({ error: String(error) }, "a step of stepping down failed; the others follow");
      }
    }
    await Promise.race([journal.flushed().catch(() => undefined), clock.pause(1000)]);
    journal.close(new Deposed("this coordinator has stepped down"));
  }
}

/** Announces a record once it is stored. A refused one did not happen; its caller is told. */
async function tellStored(
  { onStored, log }: Pick<ServicePorts, "onStored" | "log">,
  state: WorkspaceState,
  event: JournalEvent,
  stored: Promise<number>,
): Promise<void> {
  try {
    await stored;
  } catch {
    return;
  }
  try {
    onStored?.(event, tableOf(state, event));
  } catch (error) {
    log.error({ type: event.type, error: String(error) }, "a stored record could not be told on");
  }
}

/** Judges what is in EV and what comes. @returns what ends it */
async function hearEvidence(reign: Reign, bus: Bus, onLost: (why: string) => void): Promise<() => Promise<void>> {
  const evidence = await bus.read(streams.evidence, reign.evidence.judged + 1, (message) => {
    try {
      judgeEvidence(reign, message);
    } catch (error) {
      // A reading ends silently when its handler throws, and a leader that hears no evidence must not lead.
      reign.ports.log.error({ seq: message.seq }, `evidence could not be judged: ${String(error)}`);
      onLost("evidence could not be judged");
    }
  });
  return () => evidence.stop();
}

/** Starts the status and the watches of a leader. Yields what ends each. */
function* watches(
  reign: Reign,
  { bus, clock, traffic, intake, storedSizes, quotas }: ServicePorts,
): Generator<() => void> {
  yield tellStatus(reign, bus);
  if (traffic) yield watchArrivals(reign, traffic);
  if (intake) yield watchIntake(reign, intake);
  if (storedSizes) yield watchRoom(reign, storedSizes);
  if (!quotas) return;
  const change = clock.every(quotasEveryMs, () => reign.quotas.change(quotas()));
  yield () => change.cancel();
}

const tableOf = (state: WorkspaceState, event: JournalEvent): RunTable | undefined =>
  "job" in event ? state.jobs.get(event.job) : undefined;

/** The leader's entry is behind the journal: the entry was lost, or the journal came from elsewhere. */
class TermTooLow extends Error {
  override readonly name = "TermTooLow";
  readonly journalTerm: number;

  constructor(journalTerm: number, term: number) {
    super(`the journal is at term ${journalTerm}, this lead at ${term}; taking the lead again`);
    this.journalTerm = journalTerm;
  }
}

/** Lets the process end while the journal cannot be read to its end, as when too few peers are left. */
async function unlessEnded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const ended = aborted(signal).then(() => {
    throw new Deposed("it was to end before it led");
  });
  // Nobody waits for the slower one.
  work.catch(() => undefined);
  ended.catch(() => undefined);
  return Promise.race([work, ended]);
}

/** Folds the journal and records "led", after which the old leader's appends are refused. */
async function foldAndLead(
  ports: ServicePorts,
  leadership: Leadership,
): Promise<{ readonly state: WorkspaceState; readonly records: number }> {
  const { bus, clock, identity, log } = ports;
  for (;;) {
    const { state, records, unusable } = await foldJournal(bus, clock);
    if (unusable !== "") log.warn(`the snapshot was not used, the journal was folded whole: ${unusable}`);
    await checkCited(bus, state);
    if (state.term >= leadership.term) throw new TermTooLow(state.term, leadership.term);
    const event = { type: "led", term: leadership.term, leader: identity.leader, at: clock.wall() } as const;
    const writer = new JournalWriter(ports, leadership.term, state.seq, () => undefined);
    try {
      const seq = await writer.append(event);
      apply(state, event);
      state.seq = seq;
      await ports.onLed?.(seq);
      return { state, records };
    } catch (error) {
      // The old leader was quicker by one record: fold that one too.
      if (!(error instanceof Deposed)) throw error;
    }
    if (!leadership.leads) throw new Deposed("lost the lead while taking it");
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
