import { emptyWorkspace, type WorkspaceState } from "../../domain/fold/workspace-state.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import type { Bus, StoredMessage } from "../../ports.ts";
import { streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { EvidenceGaps, gapText } from "../store/evidence-gaps.ts";
import { foldRecord } from "../store/journal-reader.ts";
import { citedTrouble, storeTroubles } from "../store/store-check.ts";
import { markOf, readMark } from "../store/store-mark.ts";

/** What can be salvaged from a damaged store, and what is wrong with it. */
export interface StoreRemains {
  /** In words; none if the store is whole. */
  readonly troubles: readonly string[];
  /** The journal's records up to this one can be folded. */
  readonly wholeTo: number;
  /** What they fold to. */
  readonly state: WorkspaceState;
  /** The last record that is known to have been stored. */
  readonly journalEnd: number;
  /** Messages of the evidence that can be read. */
  readonly evidence: number;
  readonly evidenceEnd: number;
}

/** Reads every message of the journal and of the evidence. Changes nothing. */
export async function readRemains(bus: Bus, paths: WorkspacePaths): Promise<StoreRemains> {
  const known = readMark(paths);
  const troubles = await storeTroubles(bus, paths);
  const journal = await streamInfo(bus, streams.journal);
  const mark = markOf(known, journal?.created);
  const journalEnd = Math.max(journal?.state.lastSeq ?? 0, mark.journal);
  let folded = journal ? await fold(bus, journal.state.lastSeq) : { state: emptyWorkspace(), wholeTo: 0 };
  if (folded.trouble !== undefined) {
    troubles.push(folded.trouble);
    // The last record may have been folded in part.
    folded = { ...(await fold(bus, folded.wholeTo)), wholeTo: folded.wholeTo };
  }
  const { state, wholeTo } = folded;

  const said = await streamInfo(bus, streams.evidence);
  const last = said?.state.lastSeq ?? 0;
  let evidence = 0;
  const gaps = new EvidenceGaps();
  const look = ({ seq }: StoredMessage): void => {
    gaps.take(seq);
    evidence += 1;
  };
  if (said) await readUpTo(bus, streams.evidence, last, look);
  gaps.endAt(last);
  troubles.push(...(await gaps.troubles(bus)));
  const cited = citedTrouble(last, state);
  if (cited !== undefined) troubles.push(cited);
  const evidenceEnd = Math.max(last, mark.evidence, state.evidenceSeq);
  return { troubles: [...new Set(troubles)], wholeTo, state, journalEnd, evidence, evidenceEnd };
}

interface Folded {
  readonly state: WorkspaceState;
  readonly wholeTo: number;
  /** Why it stopped before `last`. */
  readonly trouble?: string;
}

async function fold(bus: Bus, last: number): Promise<Folded> {
  const state = emptyWorkspace();
  let wholeTo = 0;
  let trouble: string | undefined;
  await readUpTo(bus, streams.journal, last, (message) => {
    if (message.seq > wholeTo + 1) trouble = gapText(wholeTo + 1, message.seq - 1);
    else trouble = foldRecord(state, message);
    if (trouble === undefined) wholeTo = message.seq;
    return trouble === undefined;
  });
  if (trouble === undefined && wholeTo < last) trouble = gapText(wholeTo + 1, last);
  return { state, wholeTo, ...(trouble === undefined ? {} : { trouble }) };
}
