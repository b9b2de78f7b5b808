import { readUpTo } from "../../../shared/broker/client/read-up-to.ts";
import { EvidenceGaps, Gaps } from "../../../shared/broker/store/evidence-gaps.ts";
import { JournalDigest } from "../../../shared/broker/store/journal-digest.ts";
import type { Unsealed } from "../../../shared/broker/store/seal-file.ts";
import { type Foreign, SealedBus } from "../../../shared/broker/store/sealed-bus.ts";
import { readSnapshot } from "../../../shared/broker/store/snapshots.ts";
import { citedTrouble, storeDamaged, storeTroubles } from "../../../shared/broker/store/store-check.ts";
import type { WorkspaceLink } from "../../../shared/broker/workspace-link.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { FoldError } from "../../../shared/domain/fold/fold-error.ts";
import { takeSnapshot } from "../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../shared/domain/invariants/invariants.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { exitCode } from "../../../shared/errors.ts";
import { type Bus, BusError, type StoredMessage } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { decodeEvents, isJournalRecord } from "../../../shared/wire/messages.ts";
import { evidenceOfJob, lostSubject, streams } from "../../../shared/wire/subjects.ts";
import { testimonyOf } from "../../../shared/wire/testimony.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { foreignText } from "../../words/foreign-text.ts";
import { plainDifference } from "./plain-difference.ts";

/** What a store holds, and which promises of a search it breaks. */
export interface Verification {
  readonly jobs: number;
  readonly trials: number;
  readonly ended: number;
  readonly open: number;
  readonly records: number;
  readonly evidence: number;
  /** Messages of evidence that cannot be read: nothing rests on them, so they break no promise. */
  readonly setAside: readonly { readonly seq: number; readonly subject: string }[];
  /** Messages of the journal that no coordinator wrote; they count for nothing. */
  readonly foreign: readonly Foreign[];
  /** What the store itself lacks, as sentences. */
  readonly damage: readonly string[];
  /** Promises that were not kept, as sentences. */
  readonly broken: readonly string[];
  /** Curves of completed runs that have a gap, as sentences: in a whole store, their workers left reports out. */
  readonly gaps: readonly string[];
}

/** `nexus verify [job]`; returns the exit code. */
export async function verify(
  { scope, output }: Session,
  job: string | undefined,
  { json }: JsonOption,
): Promise<number> {
  const workspace = scope.paths.name;
  const verifyAll = async ({ bus }: WorkspaceLink): Promise<Verification> => {
    const damage = scope.external ? [] : await storeTroubles(bus, scope.paths);
    const found = await verifyStore(bus, job, workspace, scope.flags).catch((error: unknown) => {
      // A missing stream cannot be read.
      throw error instanceof BusError && damage.length > 0 ? storeDamaged(scope.paths, damage) : error;
    });
    return { ...found, damage: [...new Set([...damage, ...found.damage])] };
  };
  // A damaged store does not end the check; it is reported with everything else.
  const {
    damage,
    broken,
    gaps: found,
    foreign,
    setAside,
    ...counts
  } = await withLink(scope, "viewer", verifyAll, {
    unchecked: true,
  });
  // In a damaged store a gap is the store's: no worker need have left reports out.
  const gaps = damage.length === 0 ? found : [];
  const violations = [...damage, ...broken, ...(damage.length === 0 ? [] : found)];
  const isKept = violations.length === 0;
  const what = job ?? `workspace ${workspace}`;
  if (json) {
    const strange = {
      ...(setAside.length === 0 ? {} : { setAside }),
      ...(gaps.length === 0 ? {} : { gaps: gaps.slice(0, mostListed) }),
      ...(foreign.length === 0 ? {} : { foreign }),
    };
    output.result(
      `${JSON.stringify({ type: "verification", v: 1, workspace, job: job ?? null, ok: isKept, ...counts, ...strange, violations })}\n`,
    );
  } else {
    const gone = counts.trials - counts.ended - counts.open;
    const cancelled = gone === 0 ? "" : `, ${gone} cancelled`;
    const read = `${counts.records} records of the journal, ${counts.evidence} messages of evidence`;
    output.result(
      `${what}: ${counted(counts.jobs, "job")}, ${counted(counts.trials, "run")}, ${counts.ended} of them ended and ${counts.open} open${cancelled}; ${read}\n`,
    );
    if (setAside.length > 0) output.result(setAsideText(setAside));
    if (gaps.length > 0) output.result(gapsText(gaps));
    if (isKept) output.result(gaps.length > 0 ? promises : `${promises}  the curve of each completed run has no gap\n`);
    else output.result(`${violations.length} broken:\n${violations.map((each) => `  ${each}\n`).join("")}`);
    output.result(foreign.map((each) => `${foreignText(each)}\n`).join(""));
    if (damage.length > 0) output.note(`the store itself is damaged; what can be done:  nexus${scope.flags} repair\n`);
  }
  return isKept ? exitCode.done : exitCode.failure;
}

/** Messages that the text names; the JSON object has up to `mostListed`. */
const mostNamed = 20;
const mostListed = 1000;

function setAsideText(found: Verification["setAside"]): string {
  const names = found.slice(0, mostNamed).map(({ seq, subject }) => `  ${seq}  ${printable(subject.slice(0, 100))}`);
  const more = found.length > names.length ? `  and ${found.length - names.length} more\n` : "";
  const what = counted(
    found.length,
    "message of evidence cannot be read and was",
    "messages of evidence cannot be read and were",
  );
  return `${what} set aside (number in EV, subject); everything else was read:\n${names.join("\n")}\n${more}`;
}

function gapsText(gaps: Verification["gaps"]): string {
  const more = gaps.length > mostNamed ? `  and ${gaps.length - mostNamed} more\n` : "";
  const what = counted(gaps.length, "run lacks", "runs lack");
  const lines = gaps.slice(0, mostNamed).map((each) => `  ${each}\n`);
  return `${what} reports that no worker sent, which breaks no promise (nexus reject --worker NAME, if you do not trust it):\n${lines.join("")}${more}`;
}

const promises = `every promise was kept:
  each run ended at most once, by an attempt that the journal had given to that worker
  no run started beyond total_runs, and each job that nobody stopped ended with all of them
  every completion rests on a result of its own that says the same, and no result was skipped
  the journal, replayed, agrees with its records and with its snapshot
`;

/**
 * Reads the journal to its end, then the evidence, which by then holds all that the journal rests on. Searches may run.
 *
 * @param typed  one job, or undefined for all of them
 * @throws NotFoundError if there is no such job
 */
export async function verifyStore(
  bus: Bus,
  typed: string | undefined,
  workspace: string,
  flags?: string,
): Promise<Verification> {
  const wanted = typed?.slice(typed.lastIndexOf("/") + 1);
  const check = new InvariantCheck({ only: wanted as JobName | undefined }); // what is no job's name is refused below
  let records = 0;
  const journal = new JournalReading((event) => {
    // Records without a job (who leads, who may join) and deletions are checked too: every job rests on them.
    if (wanted !== undefined && "job" in event && event.job !== wanted && event.type !== "job-deleted") return;
    records += 1;
    check.event(event);
  });
  if (bus instanceof SealedBus) journal.before = bus.before;
  journal.snapshot = await readSnapshot(bus, (why) => journal.troubles.push(`the snapshot cannot be used: ${why}`));
  const ends = { journal: await bus.lastSeq(streams.journal), evidence: 0 };
  await readUpTo(bus, streams.journal, ends.journal, (message) => journal.take(message));
  journal.ended(ends.journal);
  const only = typed === undefined ? undefined : namedJob(typed, journal.state, workspace, flags).job;
  let evidence = 0;
  ends.evidence = await bus.lastSeq(streams.evidence);
  const setAside: { seq: number; subject: string }[] = [];
  const gaps = new EvidenceGaps();
  const hear = (message: StoredMessage): void => {
    evidence += 1;
    gaps.take(message.seq);
    const told = testimonyOf(message);
    if (told) check.testimony(told);
    else if (message.subject !== lostSubject && setAside.length < mostListed)
      setAside.push({ seq: message.seq, subject: message.subject });
  };
  await readUpTo(
    bus,
    streams.evidence,
    ends.evidence,
    hear,
    only === undefined ? {} : { subjects: [evidenceOfJob(only)] },
  );
  // For one job only its own messages are read.
  if (only === undefined) gaps.endAt(ends.evidence);
  const cited = citedTrouble(ends.evidence, journal.state);
  const damage = [
    ...journal.gaps.texts("record"),
    ...(only === undefined ? await gaps.troubles(bus) : []),
    ...(cited === undefined ? [] : [cited]),
  ];
  // A fold that stopped early cannot be compared; its end is reported anyway.
  if (journal.troubles.length + journal.gaps.ends.length === 0) check.compare(partOf(journal.state, only));
  const { jobs, trials, ended, open } = check.counts();
  const broken = [...journal.troubles, ...check.violations()];
  const { foreign } = journal;
  return { jobs, trials, ended, open, records, evidence, setAside, foreign, damage, broken, gaps: check.gaps() };
}

/** The journal as the broker stores it: its records, their fold, and what is wrong with the messages themselves. */
class JournalReading {
  readonly state: WorkspaceState = emptyWorkspace();
  readonly troubles: string[] = [];
  /** Compared with the fold at the same sequence. */
  snapshot: WorkspaceState | undefined;
  readonly gaps = new Gaps();
  readonly foreign: Foreign[] = [];
  /** The messages stored before the first seal. */
  before: Unsealed | null = null;
  readonly #digest = new JournalDigest();
  #isFolding = true;
  readonly #onEvent: (event: JournalEvent) => void;

  constructor(onEvent: (event: JournalEvent) => void) {
    this.#onEvent = onEvent;
  }

  take(message: StoredMessage): void {
    const { seq, subject, msgId, data } = message;
    this.gaps.take(seq);
    if (seq <= (this.before?.seq ?? 0)) this.#digest.add(message);
    if (message.isForeign) this.foreign.push({ seq, subject });
    if (!isJournalRecord(msgId)) return;
    let events: JournalEvent[];
    try {
      events = decodeEvents(data);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.troubles.push(`message ${seq} of the journal (${subject}) cannot be read: ${error.message}`);
      return;
    }
    for (const event of events) {
      this.#onEvent(event);
      this.#fold(seq, event);
    }
    if (this.#isFolding && this.snapshot?.seq === seq) this.#compareSnapshot(this.snapshot);
  }

  /** Call after reading everything that was stored when the reading began. */
  ended(last: number): void {
    this.gaps.endAt(last);
    if (this.before && this.before.seq <= last && this.before.digest !== this.#digest.hex())
      this.troubles.push(
        `the journal up to message ${this.before.seq}, from before it was sealed, is not what it was when sealing began`,
      );
    if (this.snapshot && this.snapshot.seq > last)
      this.troubles.push(`the snapshot is of record ${this.snapshot.seq}, but the journal ends with record ${last}`);
  }

  #compareSnapshot(snapshot: WorkspaceState): void {
    const difference = plainDifference(takeSnapshot(this.state), takeSnapshot(snapshot));
    if (difference !== "")
      this.troubles.push(`the journal up to message ${snapshot.seq} does not fold to its snapshot: ${difference}`);
  }

  #fold(seq: number, event: JournalEvent): void {
    if (!this.#isFolding) return;
    try {
      apply(this.state, event);
      this.state.seq = seq;
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
      this.#isFolding = false;
      this.troubles.push(`message ${seq} of the journal is impossible: ${error.message}; nothing after it was folded`);
    }
  }
}

function partOf(state: WorkspaceState, only: JobName | undefined): WorkspaceState {
  if (only === undefined) return state;
  return { ...state, jobs: new Map([...state.jobs].filter(([job]) => job === only)) };
}
