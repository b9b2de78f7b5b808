import { messageOf } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import type { Bus } from "../../ports.ts";
import { streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";

/**
 * The newest sequences of journal and evidence that this machine has seen stored. Only this memory can show that a store lost
 * its end: nats-server 2.10.27 rebuilds its index from what is left, and considers it whole (seen).
 */
export interface StoreMark {
  /** When the journal's stream was made, according to the broker: tells stores apart. "" in a mark that does not say. */
  readonly store: string;
  readonly journal: number;
  readonly evidence: number;
}

const nothing: StoreMark = { store: "", journal: 0, evidence: 0 };
/** A loss of what was stored since the last mark goes unnoticed; JetStream acknowledges only what is on the disk. */
const keepEveryMs = 2000;

export function readMark(paths: WorkspacePaths): StoreMark {
  const { store = "", journal, evidence } = readJsonFields(paths.storeMark);
  const isSequence = (field: unknown): field is number => Number.isSafeInteger(field) && (field as number) >= 0;
  const isMark = typeof store === "string" && isSequence(journal) && isSequence(evidence);
  return isMark ? { store, journal, evidence } : nothing;
}

/**
 * The mark if it belongs to the store whose journal was made at that time, otherwise an empty one. Undefined, for a
 * journal that is gone, fits any mark.
 */
export const markOf = (mark: StoreMark, store: string | undefined): StoreMark =>
  store === undefined || mark.store === "" || mark.store === store ? mark : { ...nothing, store };

export const writeMark = (paths: WorkspacePaths, mark: StoreMark): void => writeJsonFile(paths.storeMark, mark);

/** What the streams end with at present. */
export async function currentMark(bus: Bus): Promise<StoreMark> {
  const [journal, evidence] = await Promise.all([streamInfo(bus, streams.journal), streamInfo(bus, streams.evidence)]);
  return {
    store: journal?.created ?? "",
    journal: journal?.state.lastSeq ?? 0,
    evidence: evidence?.state.lastSeq ?? 0,
  };
}

/** Raises the mark every few seconds until it is stopped, and then once more. Asks again if the broker does not answer. */
export function keepMark(paths: WorkspacePaths, bus: Bus, onTrouble: (why: string) => void): () => Promise<void> {
  let known = readMark(paths);
  let keeping: Promise<void> | undefined;
  const keep = async (): Promise<void> => {
    try {
      const now = await currentMark(bus);
      const isSame = known.store === now.store;
      if (now.store === "" || (isSame && now.journal <= known.journal && now.evidence <= known.evidence)) return;
      // A mark that does not say which store it belongs to was compared with this one when the coordinator started.
      const before = isSame || known.store === "" ? known : nothing;
      known = {
        store: now.store,
        journal: Math.max(before.journal, now.journal),
        evidence: Math.max(before.evidence, now.evidence),
      };
      writeMark(paths, known);
    } catch (error) {
      onTrouble(messageOf(error));
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
