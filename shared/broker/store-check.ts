import type { WorkspaceState } from "../domain/workspace-state.ts";
import { JournalCorruptError } from "../errors.ts";
import type { Bus } from "../ports.ts";
import { streams } from "../wire/subjects.ts";
import type { WorkspacePaths } from "../workspace.ts";
import { type StreamInfo, streamInfo } from "./jetstream-api.ts";
import { readMark } from "./store-mark.ts";

/**
 * Damage to a store that its server does not report. Seen with nats-server 2.10.27 after damage to a block file: it starts,
 * says nothing to clients, and gives what is left: the records before the damage, or all but one in the middle, or none.
 * Folded, that would be another history: finished runs that never were, and sequences given out twice.
 */

const remedy =
  "\n  nothing was changed; stop the coordinator and put back the newest backup: nexus restore FILE --replace" +
  "\n  or go on with what is left, which loses the rest: nexus repair";

/** A stretch of the journal that is not there. */
export function journalGap(from: number, to: number): JournalCorruptError {
  const what =
    from === to ? `record ${from} of the journal is missing` : `records ${from} to ${to} of the journal are missing`;
  return new JournalCorruptError(`${what}: the broker's store was damaged${remedy}`);
}

/**
 * Compares the streams with what this machine remembers of them, before anything is made or written.
 *
 * @throws JournalCorruptError that says what was seen and what to type
 */
export async function checkStore(bus: Bus, paths: WorkspacePaths): Promise<void> {
  const [journal, evidence] = await Promise.all([streamInfo(bus, streams.journal), streamInfo(bus, streams.evidence)]);
  const mark = readMark(paths);
  const newest = journal?.state.lastSeq ?? 0;
  if (newest < mark.journal) {
    const found = journal ? (newest === 0 ? "is empty" : `ends with record ${newest}`) : "is not there at all";
    throw new JournalCorruptError(
      `the journal ${found}, but record ${mark.journal} was stored (${paths.storeMark} says so): the end of the broker's store in ${paths.store} was lost${remedy}`,
    );
  }
  if (newest === 0 && (evidence?.state.lastSeq ?? 0) > 0) {
    throw new JournalCorruptError(
      `the journal is empty, but workers have published ${evidence?.state.lastSeq} messages: the broker's store in ${paths.store} lost the journal${remedy}`,
    );
  }
  if (journal) checkWhole(journal, paths);
  const said = evidence?.state.lastSeq ?? 0;
  if (said < mark.evidence) throw evidenceLost(said, `${mark.evidence} was stored (${paths.storeMark} says so)`);
}

/** The journal never loses a record: it begins with 1 and has no holes. */
function checkWhole({ state }: StreamInfo, paths: WorkspacePaths): void {
  const { messages, firstSeq, lastSeq } = state;
  if (messages === lastSeq && (lastSeq === 0 || firstSeq === 1)) return;
  if (messages > 0 && firstSeq > 1) throw journalGap(1, firstSeq - 1);
  throw new JournalCorruptError(
    `${lastSeq - messages} of the journal's ${lastSeq} records are missing: the broker's store in ${paths.store} was damaged${remedy}`,
  );
}

/**
 * Whether the evidence reaches as far as the journal cites it. Where it does not, new messages would get sequences that
 * were judged already, and never be judged.
 *
 * @throws JournalCorruptError
 */
export async function checkCited(bus: Bus, state: WorkspaceState): Promise<void> {
  if (state.evidenceSeq === 0) return;
  const said = await bus.lastSeq(streams.evidence);
  if (said < state.evidenceSeq) throw evidenceLost(said, `the journal cites ${state.evidenceSeq}`);
}

export function evidenceLost(found: number, known: string): JournalCorruptError {
  return new JournalCorruptError(
    `the evidence (what workers published) ends with message ${found}, but ${known}: the end of it was lost${remedy}`,
  );
}
