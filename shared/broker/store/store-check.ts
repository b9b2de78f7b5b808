/**
 * Damage to a store that its server does not report. After damage to a block file nats-server 2.10.27 starts, says nothing to
 * clients, and gives them what is left: the records before the damage, all but one in the middle, or none (seen). Folded, that
 * would be another history: completed runs would be gone, and sequences would be given out twice.
 */

import type { WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { JournalCorruptError } from "../../errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../../machine/workspace.ts";
import { type Bus, BusError } from "../../ports.ts";
import { within } from "../../time/deadline.ts";
import { Ending } from "../../time/ending.ts";
import { streams } from "../../wire/subjects.ts";
import { retried, type StreamInfo, streamInfo } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { cutOffAt, ExchangeCutOffError } from "./cut-off.ts";
import { countedTroubles, EvidenceGaps, gapText } from "./evidence-gaps.ts";
import { markOf, readMark } from "./store-mark.ts";

/** The store lost something; says what, and what to type. `flags` as in ` --workspace ws2`. */
export class StoreDamagedError extends JournalCorruptError {
  /** The damage alone, without what to type. */
  readonly damage: string;

  constructor(damage: string, flags = "", options?: { cause?: unknown }) {
    super(
      `${damage}\n  nothing was changed. To see what is left:  nexus${flags} repair\n` +
        `  to put back the newest backup:             nexus${flags} restore FILE --replace`,
      options,
    );
    this.damage = damage;
  }
}

const streamKinds = [
  [streams.journal, "record"],
  [streams.evidence, "message"],
] as const;

/** Readers of a journal do not know its workspace: puts the right flags into the commands of their error. */
export const aimed = (error: unknown, flags: string): unknown =>
  error instanceof StoreDamagedError ? new StoreDamagedError(error.damage, flags, { cause: error }) : error;

export const journalGap = (from: number, to: number): StoreDamagedError =>
  new StoreDamagedError(`${gapText(from, to)}: the broker's store was damaged`);

/**
 * Compares the streams with what this machine remembers of them. Call before anything is made or written.
 *
 * @throws StoreDamagedError; ExchangeCutOffError
 */
export async function checkStore(bus: Bus, paths: WorkspacePaths): Promise<void> {
  const troubles = await storeTroubles(bus, paths);
  if (troubles.length > 0) throw storeDamaged(paths, troubles);
}

/** Finds a store that is gone although something was stored in it, without starting a broker. @throws as `checkStore` */
export function checkStoreThere(paths: WorkspacePaths): void {
  const { journal } = readMark(paths);
  if (journal > 0) throw storeDamaged(paths, [`it is empty, but record ${journal} of the journal was stored`]);
}

export function storeDamaged(paths: WorkspacePaths, troubles: readonly string[]): JournalCorruptError {
  const damage = `the broker's store in ${paths.store} is damaged: ${troubles.join("; ")}`;
  const folder = cutOffAt(paths);
  if (folder !== undefined) return new ExchangeCutOffError(paths, folder, damage);
  return new StoreDamagedError(damage, workspaceFlags(paths.name));
}

/** What is wrong with a store, in words, judging by its streams' ends and counts; only reading finds damaged messages. */
export async function storeTroubles(bus: Bus, paths: WorkspacePaths): Promise<string[]> {
  // The mark first, then the evidence, then the journal: what is stored meanwhile only raises the later answers.
  const known = readMark(paths);
  const evidence = await infoOf(bus, streams.evidence);
  const journal = await infoOf(bus, streams.journal);
  const mark = markOf(known, journal?.created);
  const newest = journal?.state.lastSeq ?? 0;
  const said = evidence?.state.lastSeq ?? 0;
  const troubles: string[] = [];
  if (newest < mark.journal) {
    const found = journal ? (newest === 0 ? "is empty" : `ends with record ${newest}`) : "is not there at all";
    troubles.push(`the journal ${found}, but record ${mark.journal} was stored (${paths.storeMark} says so)`);
  } else if (newest === 0 && said > 0) {
    troubles.push(`the journal is empty, but workers have published ${said} messages`);
  }
  if (journal) troubles.push(...holes(journal, "record"));
  if (said < mark.evidence)
    troubles.push(evidenceLostText(said, `${mark.evidence} was stored (${paths.storeMark} says so)`));
  if (evidence) troubles.push(...(await evidenceHoles(bus, evidence)));
  return troubles;
}

/** What was purged is no damage. */
async function evidenceHoles(bus: Bus, evidence: StreamInfo): Promise<string[]> {
  const found = holes(evidence, "message");
  if (found.length === 0) return found;
  const { lastSeq, messages } = evidence.state;
  const troubles = await countedTroubles(bus, lastSeq - messages);
  return troubles === "none purged" ? found : troubles;
}

/** Neither stream may lose a message: each begins with 1 and has no holes. */
function holes({ state }: StreamInfo, kind: "record" | "message"): string[] {
  const { messages, firstSeq, lastSeq } = state;
  if (messages === lastSeq && (lastSeq === 0 || firstSeq === 1)) return [];
  if (messages > 0 && lastSeq - messages === firstSeq - 1) return [gapText(1, firstSeq - 1, kind)];
  const whose = kind === "record" ? "the journal's" : "the evidence's";
  return [`${lastSeq - messages} of ${whose} ${lastSeq} ${kind}s are missing`];
}

/**
 * Checks that the evidence reaches as far as the journal cites it. Otherwise new messages would get sequences that were judged
 * already, and would never be judged.
 *
 * @throws StoreDamagedError
 */
export async function checkCited(bus: Bus, state: WorkspaceState): Promise<void> {
  const said = state.evidenceSeq === 0 ? 0 : await bus.lastSeq(streams.evidence);
  const trouble = citedTrouble(said, state);
  if (trouble !== undefined) throw new StoreDamagedError(trouble);
}

/** For evidence that is known to have been stored, but is gone. @param known  `the journal cites 12` */
export const evidenceLost = (last: number, known: string): StoreDamagedError =>
  new StoreDamagedError(evidenceLostText(last, known));

/** Undefined if the evidence reaches as far as the journal cites it. */
export const citedTrouble = (said: number, { evidenceSeq }: WorkspaceState): string | undefined =>
  said < evidenceSeq ? evidenceLostText(said, `the journal cites ${evidenceSeq}`) : undefined;

const evidenceLostText = (last: number, known: string): string =>
  `the evidence (what workers published) ends with message ${last}, but ${known}: the end of it was lost`;

/**
 * Checks, before anybody writes, that the newest record and the newest message can be read. nats-server 2.10.27 believes its
 * index of a block until it opens the block, and then gives the sequences of what is lost to new messages (seen).
 *
 * @throws StoreDamagedError
 */
export async function checkEnds(bus: Bus, paths: WorkspacePaths): Promise<void> {
  for (const [stream, kind] of streamKinds) {
    const last = (await infoOf(bus, stream))?.state.lastSeq ?? 0;
    if (last > 0 && !(await isReadable(bus, stream, last)))
      throw storeDamaged(paths, [`${gapText(last, last, kind)}, and perhaps others before it`]);
  }
}

/** Whether a reader gets the stream's last message. A broker that does not answer at all does not count as damaged. */
async function isReadable(bus: Bus, stream: string, last: number): Promise<boolean> {
  for (let left = endTries; left > 0; left -= 1) {
    if (await comes(bus, stream, last)) return true;
    const now = await infoOf(bus, stream);
    if ((now?.state.lastSeq ?? 0) < last) return false;
  }
  return false;
}

async function comes(bus: Bus, stream: string, last: number): Promise<boolean> {
  const heard = new Ending();
  let isLast = false;
  const reading = await bus.read(stream, last, ({ seq }) => {
    isLast ||= seq === last;
    heard.abort();
  });
  try {
    await within(heard.ended, endPatienceMs, `the last message of ${stream}`);
    return isLast;
  } catch (error) {
    if (error instanceof BusError) return false;
    throw error;
  } finally {
    await reading.stop();
  }
}

const endTries = 3;
const endPatienceMs = 5000;
const tries = 5;
const askAgainMs = 200;

/**
 * Reads the journal and the evidence to their ends: the server leaves out messages whose checksums differ.
 *
 * @throws StoreDamagedError for the first message that is missing
 */
export async function checkReadable(bus: Bus): Promise<void> {
  for (const [stream, kind] of streamKinds) {
    const last = await bus.lastSeq(stream);
    const gap = kind === "record" ? await firstGap(bus, stream, last) : await evidenceGap(bus, last);
    if (gap !== undefined) throw new StoreDamagedError(`${gap}: the broker's store was damaged`);
  }
}

async function firstGap(bus: Bus, stream: string, last: number): Promise<string | undefined> {
  let expected = 1;
  let gap: string | undefined;
  await readUpTo(bus, stream, last, ({ seq }) => {
    if (seq > expected) gap = gapText(expected, seq - 1);
    expected = seq + 1;
    return gap === undefined;
  });
  return gap ?? (expected <= last ? gapText(expected, last) : undefined);
}

async function evidenceGap(bus: Bus, last: number): Promise<string | undefined> {
  const gaps = new EvidenceGaps();
  await readUpTo(bus, streams.evidence, last, ({ seq }) => gaps.take(seq));
  gaps.endAt(last);
  return (await gaps.troubles(bus))[0];
}

/** While nats-server 2.10.27 reloads its users, as after each enrolment, it answers no questions (seen). */
const infoOf = (bus: Bus, stream: string): Promise<StreamInfo | undefined> =>
  retried(() => streamInfo(bus, stream, 2000), tries, askAgainMs);
