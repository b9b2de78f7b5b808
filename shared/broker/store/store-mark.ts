import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import type { Bus } from "../../ports.ts";
import { streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";

/**
 * The newest sequences of journal and evidence that this machine has seen stored. A store whose end was cut off looks whole
 * to nats-server (seen with 2.10.27: it rebuilds its index from what is left), so only somebody who remembers can tell.
 */
export interface StoreMark {
  /** When the journal's stream was made, as the broker says: tells stores apart. "": of a mark that does not say. */
  readonly store: string;
  readonly journal: number;
  readonly evidence: number;
}

const nothing: StoreMark = { store: "", journal: 0, evidence: 0 };
/** Loss of what was stored in the last seconds is not noticed by the mark; JetStream has it on disk when it acknowledges. */
const keepEveryMs = 2000;

export function readMark(paths: WorkspacePaths): StoreMark {
  const { store = "", journal, evidence } = readJsonFields(paths.storeMark);
  const isSequence = (field: unknown): field is number => Number.isSafeInteger(field) && (field as number) >= 0;
  const isMark = typeof store === "string" && isSequence(journal) && isSequence(evidence);
  return isMark ? { store, journal, evidence } : nothing;
}

/** What is remembered of the store whose journal was made then; a store whose journal is gone (undefined) is the one remembered. */
export function markOf(paths: WorkspacePaths, store: string | undefined): StoreMark {
  const mark = readMark(paths);
  return store === undefined || mark.store === "" || mark.store === store ? mark : { ...nothing, store };
}

export const writeMark = (paths: WorkspacePaths, mark: StoreMark): void => writeJsonFile(paths.storeMark, mark);

/** What the streams end with now. */
export async function currentMark(bus: Bus): Promise<StoreMark> {
  const [journal, evidence] = await Promise.all([streamInfo(bus, streams.journal), streamInfo(bus, streams.evidence)]);
  return {
    store: journal?.created ?? "",
    journal: journal?.state.lastSeq ?? 0,
    evidence: evidence?.state.lastSeq ?? 0,
  };
}

/** Raises the mark every few seconds, and a last time when it is stopped; a broker that does not answer is asked again. */
export function keepMark(paths: WorkspacePaths, bus: Bus, onTrouble: (why: string) => void): () => Promise<void> {
  let known = readMark(paths);
  let keeping: Promise<void> | undefined;
  const keep = async (): Promise<void> => {
    try {
      const now = await currentMark(bus);
      const isSame = known.store === now.store;
      if (now.store === "" || (isSame && now.journal <= known.journal && now.evidence <= known.evidence)) return;
      // A mark that does not say of which store it is was held against this one when the coordinator started.
      const before = isSame || known.store === "" ? known : nothing;
      known = {
        store: now.store,
        journal: Math.max(before.journal, now.journal),
        evidence: Math.max(before.evidence, now.evidence),
      };
      writeMark(paths, known);
    } catch (error) {
      onTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  const keepOnce = (): Promise<void> => {
    keeping ??= keep().finally(() => {
      keeping = undefined;
    });
    return keeping;
  };
  const timer = setInterval(() => void keepOnce(), keepEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await keeping;
    if (bus.isConnected()) await keepOnce();
  };
}
