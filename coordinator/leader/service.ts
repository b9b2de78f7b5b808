import type { ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { foldJournal } from "../../shared/broker/store/journal-reader.ts";
import { checkCited } from "../../shared/broker/store/store-check.ts";
import { programVersion } from "../../shared/components/version.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { apply, type WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { QuotaLimits } from "../../shared/domain/quotas.ts";
import type { OwnSearches } from "../../shared/domain/search/own-search.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { BadMessage, OtherVersion } from "../../shared/wire/check.ts";
import * as messages from "../../shared/wire/messages.ts";
import type { OrderKey } from "../../shared/wire/seals/order-proof.ts";
import * as subjects from "../../shared/wire/subjects.ts";
import { Hearing, heardOnce } from "./hearing.ts";
import { type Intake, watchIntake } from "./intake-watch.ts";
import { InviteCare } from "./invite-care.ts";
import { Deposed, type JournalPorts, JournalWriter } from "./journal.ts";
import { type LeaderIdentity, Leadership, type LeadershipPorts } from "./leadership.ts";
import { enrolWorker, howToTake, tooMany } from "./orders/enrolment.ts";
import { OrderDesk } from "./orders/order-desk.ts";
import { carryOut } from "./orders/orders.ts";
import { recallCurves } from "./pruning/recall-curves.ts";
import type { BundleStore, Purger } from "./reign/ports.ts";
import { Reign } from "./reign/reign.ts";
import { type StoredSizes, watchRoom } from "./room-watch.ts";
import { type TrafficPorts, watchArrivals } from "./rules/arrivals.ts";
import { follow } from "./rules/consequences.ts";
import { closeOwn } from "./rules/own-search.ts";
import { mayAsk } from "./rules/quotas.ts";
import { tellStatus } from "./status.ts";
import { watchStore } from "./store-watch.ts";
import { Upkeep } from "./upkeep.ts";
import { UserList, type UserListPorts } from "./user-list.ts";
import { answerAsk } from "./workers/asks.ts";
import { judgeEvidence } from "./workers/evidence.ts";

export interface ServicePorts extends JournalPorts, UserListPorts, Omit<LeadershipPorts, "entries"> {
  /**
   * Where questions arrive: a connection of its own, on which no answer of the broker waits behind a flood of them. A leader that
   * hears no answer cannot keep its lead, and so cannot cut off who floods it. Left out: `bus`.
   */
  readonly questions?: Pick<Bus, "respond" | "onReconnect" | "isConnected" | "flush">;
  readonly identity: LeaderIdentity;
  readonly leaseMs: number;
  /** With which operators sign their orders; left out: orders need no proof. */
  readonly orderKey?: OrderKey | undefined;
  /** Seed for a job whose spec gives none. */
  drawSeed(): number;
  /** The invitation whose line this machine's coordinator shows; left out: none. */
  readonly showInvite?: ShowInvite;
  /** Starts searches of users; left out: none. */
  readonly ownSearches?: OwnSearches;
  /** Makes new passwords and keys, soon; left out: not here. */
  readonly rotate?: () => void;
  /** Records between two snapshots while the search is small. Default 20,000, which are folded in a fifth of a second. */
  readonly snapshotEvery?: number;
  /** What workers have sent the broker; left out where that cannot be known. */
  readonly traffic?: TrafficPorts;
  /** Called with the sequence of a reign's first record, once it is stored. */
  onLed?(seq: number): Promise<void>;
  /** Stores a snapshot of the journal; resolves when that is done, or has failed. */
  writeSnapshot(signal: AbortSignal): Promise<void>;
  /** What keeps EV open for the others when a worker has flooded it; a simulation leaves it out. */
  readonly intake?: Intake;
  /** Left out: nothing is deleted. */
  readonly purger?: Purger;
  /** What jobs bring along in pieces; a simulation leaves it out. */
  readonly bundles?: BundleStore;
  /** What workers have stored; a simulation leaves it out. */
  readonly storedSizes?: StoredSizes;
  /** What one worker may ask and store now. Left out: `usualQuotas`. */
  quotas?(): QuotaLimits;
  /** Hears of each record that this leader has stored, with the table of its job; a simulation leaves it out. */
  onStored?(event: JournalEvent, table: RunTable | undefined): void;
  /** Called when this process starts and stops leading. */
  onLeading(leads: boolean): void;
}

const tickMs = 200;
const quotasEveryMs = 2000;
/** Records between two snapshots for each trial, so that the bytes written stay in proportion to the search. */
const snapshotShare = 0.2;

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
      ports.onLeading(false);
      await leadership.release();
    }
  }
}

async function lead(
  ports: ServicePorts,
  leadership: Leadership,
  onLost: (why: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { bus, questions = bus, clock, log, snapshotEvery = 20_000 } = ports;
  const { state, records } = await unlessEnded(foldAndLead(ports, leadership), signal);
  let corrupt: JournalCorruptError | undefined;
  const journal = new JournalWriter(ports, leadership.term, state.seq, onLost, (why) =>
    log.error(`the journal does not take a record yet: ${why}`),
  );
  /** Records that are in no snapshot yet. */
  let unsaved = records;
  const reign = new Reign(
    state,
    leadership.term,
    ports.leaseMs,
    {
      clock,
      log,
      append: (event) => {
        unsaved += 1;
        const stored = journal.append(event);
        // A refused record has not happened; its caller is told.
        void stored
          .then(
            () => ports.onStored?.(event, tableOf(state, event)),
            () => undefined,
          )
          .catch((error: unknown) => {
            log.error({ type: event.type, error: String(error) }, "a stored record could not be told on");
          });
        return stored;
      },
      flushed: () => journal.flushed(),
      tell: (worker, control) =>
        bus.publish(worker === null ? subjects.controlAll : subjects.control(worker), messages.encodeControl(control)),
      discard: (subject) =>
        void bus.purge(subjects.streams.blob, subject).catch((error: unknown) => {
          // The sweep will find them.
          log.warn({ subject, error: String(error) }, "pieces of a run's state could not be deleted");
        }),
      dropUnstored: async () => {
        try {
          await ports.intake?.drop();
        } catch (error) {
          log.error(`what a worker had sent could not be dropped: ${String(error)}`);
        }
      },
      lastEvidence: () => bus.lastSeq(subjects.streams.evidence),
      stateSubjects: () => bus.subjects(subjects.streams.blob, subjects.allChunks),
      publishUsers: async () => {
        invites.look();
        try {
          await users.publish();
        } catch (error) {
          void users.publishSoon(signal);
          throw error;
        }
      },
      purger: ports.purger,
      bundles: ports.bundles,
      rotate: ports.rotate,
      ownSearches: ports.ownSearches,
      leads: () => leadership.leads && !signal.aborted,
    },
    follow,
  );
  const hearing = ports.questions && new Hearing(ports.questions, clock, ports.leaseMs);
  const upkeep = new Upkeep(reign, () => hearing?.hears ?? true);
  const users = new UserList(ports, reign);
  const invites = new InviteCare(reign, ports.showInvite, () => void users.publishSoon(signal));
  const undo: (() => void | Promise<void>)[] = [() => closeOwn(reign)];
  try {
    await ports.intake?.reopen();
    invites.look();
    await journal.flushed();
    await users.publishSoon(signal);
    for (const connection of new Set([bus, questions]))
      undo.push(connection.onReconnect(() => upkeep.silenceWasOurs("the broker was away")));
    await recallCurves(reign, bus);
    const evidence = await bus.read(subjects.streams.evidence, reign.evidence.judged + 1, (message) => {
      try {
        judgeEvidence(reign, message);
      } catch (error) {
        // A reading ends silently when its handler throws, and a leader that hears no evidence must not lead.
        log.error({ seq: message.seq }, `evidence could not be judged: ${String(error)}`);
        onLost("evidence could not be judged");
      }
    });
    undo.push(() => evidence.stop());
    const respondToAsk = (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void): void => {
      const worker = subjects.parseAsk(subject);
      if (!worker || !leadership.leads || !mayAsk(reign, worker, data.length)) return;
      void answering(reign, subject, reply, async () => {
        const answer = await answerAsk(reign, worker, messages.decodeAsk(data));
        return answer && messages.encodeAnswer(answer);
      }).finally(() => reign.quotas.answered(worker));
    };
    undo.push(questions.respond(subjects.allAsks, respondToAsk));
    const desk = new OrderDesk(reign, {
      key: ports.orderKey,
      nonce: () => ports.chance.nonce(),
      carryOut: (by, order) => carryOut(reign, by, order, ports.drawSeed),
    });
    const respondToOrder = (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void): void =>
      void answering(reign, subject, reply, async () => {
        const answer = await desk.take(subject, data, subjects.parseOperator(subject));
        return messages.encodeOrderAnswer(answer, ownVersion());
      });
    undo.push(questions.respond(subjects.allOperators, respondToOrder));
    const respondToEnrolment = (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void): void => {
      if (!leadership.leads) return;
      const invite = subjects.parseEnrol(subject);
      const how = howToTake(reign, invite);
      if (how === "later") reply(messages.encodeOrderAnswer(tooMany(reign)));
      if (how !== "read") return;
      void answering(reign, subject, reply, async () => {
        const enrolment = messages.decodeEnrolment(data);
        const answer = await enrolWorker(reign, invite, enrolment);
        return answer && messages.encodeOrderAnswer({ ...answer, op: enrolment.op });
      });
    };
    undo.push(questions.respond(subjects.allEnrolments, respondToEnrolment));
    const timer = clock.every(tickMs, () => {
      upkeep.tick();
      invites.tick();
      if (unsaved < Math.max(snapshotEvery, trialsIn(state) * snapshotShare)) return;
      // Reset now: records that come while it is written belong to the next one.
      unsaved = 0;
      void ports.writeSnapshot(signal);
    });
    undo.push(() => timer.cancel());
    if (hearing) {
      const onAgain = (): void => upkeep.silenceWasOurs("no question could reach it");
      undo.push(hearing.watch(onAgain, () => onLost("for three leases no question could reach it")));
    }
    undo.push(tellStatus(reign, bus));
    if (ports.traffic) undo.push(watchArrivals(reign, ports.traffic));
    if (ports.intake) undo.push(watchIntake(reign, ports.intake));
    if (ports.storedSizes) undo.push(watchRoom(reign, ports.storedSizes));
    const { quotas } = ports;
    if (quotas) {
      reign.quotas.change(quotas());
      const change = clock.every(quotasEveryMs, () => reign.quotas.change(quotas()));
      undo.push(() => change.cancel());
    }
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
    for (const step of undo.reverse()) await step();
    await Promise.race([journal.flushed().catch(() => undefined), clock.pause(1000)]);
    journal.close(new Deposed("this coordinator has stepped down"));
  }
}

const trialsIn = (state: WorkspaceState): number =>
  [...state.jobs.values()].reduce((sum, { trials }) => sum + trials.length, 0);

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
  // Nobody waits for the one that comes second.
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

let version: string | undefined;
/** For sides that speak another version: read once. */
const ownVersion = (): string => (version ??= programVersion());

/** Answers if there is an answer and this process still leads; a client without an answer asks again. */
async function answering(
  reign: Reign,
  subject: string,
  reply: (data: Uint8Array) => void,
  work: () => Promise<Uint8Array | undefined>,
): Promise<void> {
  if (!reign.ports.leads()) return;
  try {
    const answer = await work();
    if (answer && reign.ports.leads()) reply(answer);
  } catch (error) {
    if (error instanceof BadMessage) {
      const kind = subject.slice(0, 100);
      reign.drop(kind, { subject: kind, why: error.message }, "message dropped");
      if (!(error instanceof OtherVersion)) return;
      reply(messages.versionNotice(ownVersion()));
    } else if (!(error instanceof Deposed)) {
      reign.ports.log.error(
        { subject, error: error instanceof Error ? error.stack : String(error) },
        "a question failed",
      );
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
