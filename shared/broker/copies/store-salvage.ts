import { piecedBundles } from "../../domain/code-bundle.ts";
import { whyUnheard } from "../../domain/fold/trial.ts";
import type { WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { BrokerError } from "../../errors.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import type { Bus, StoredMessage } from "../../ports.ts";
import { pieceNames } from "../../wire/bundles/pieced-bundle.ts";
import { allBundlePieces, allChunks, bundlePiece, lostSubject, parseChunk, streams } from "../../wire/subjects.ts";
import { testimonyOf } from "../../wire/testimony.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { readJournal } from "../store/journal-reader.ts";
import { checkCited } from "../store/store-check.ts";
import { ensureStreams } from "../store/streams.ts";
import { giveUpLead } from "./new-store.ts";
import type { StoreRemains } from "./store-remains.ts";

/** Messages that are read before any is written, and written before their acknowledgements are awaited. */
const together = 2000;
const chunksTogether = 8;
const storeTimeoutMs = 60_000;

/** What was carried over. */
export interface Salvage {
  readonly state: WorkspaceState;
  /** Messages that are lost, or are about runs that the journal no longer knows. */
  readonly evidenceLeftOut: number;
}

/**
 * Makes a store from what is left of another: the journal up to its last whole record; the evidence that this journal cites, at
 * its old sequences, and other evidence of its runs; the pieces of their checkpoints and files. Evidence of other runs is left
 * out: their numbers will be given out again, and it would be taken for that of the new runs.
 */
export async function salvage(
  from: Bus,
  to: CoordinatorBus,
  scratch: WorkspacePaths,
  { wholeTo, state: known }: StoreRemains,
): Promise<Salvage> {
  await ensureStreams(to, scratch.store, 1);
  const writer = new StreamWriter(to);
  for await (const messages of batches(from, streams.journal, wholeTo)) {
    for (const { subject, msgId, data } of messages) await writer.add(subject, msgId, data);
  }
  await writer.settle();
  if (writer.last !== wholeTo)
    throw new BrokerError(
      `only ${writer.last} of the journal's ${wholeTo} records were copied; nothing was changed, try again`,
    );
  const evidenceLeftOut = await salvageEvidence(from, to, known);
  await salvageChunks(from, to, known);
  const state = await readJournal(to);
  await checkCited(to, state);
  await giveUpLead(to, state.term, "nexus repair");
  return { state, evidenceLeftOut };
}

async function salvageEvidence(from: Bus, to: Bus, known: WorkspaceState): Promise<number> {
  const info = await streamInfo(from, streams.evidence);
  const end = info?.state.lastSeq ?? 0;
  const writer = new StreamWriter(to);
  let leftOut = 0;
  const fillTo = async (seq: number): Promise<void> => {
    while (writer.last < seq) {
      await writer.add(lostSubject, `lost.${writer.last + 1}`, new Uint8Array(1));
      leftOut += 1;
    }
  };
  for await (const messages of batches(from, streams.evidence, end)) {
    for (const message of messages) {
      const { seq, subject, data } = message;
      const isCited = seq <= known.evidenceSeq;
      if (isCited) await fillTo(seq - 1);
      // New ids: the old ones may occur twice, further apart than a broker remembers them.
      if (isCited || isOfKnownRun(known, message)) await writer.add(subject, `kept.${seq}`, data);
      else leftOut += 1;
    }
  }
  await fillTo(known.evidenceSeq);
  await writer.settle();
  // What was purged is not lost.
  return Math.max(0, leftOut - known.purges.messages);
}

function isOfKnownRun(known: WorkspaceState, message: StoredMessage): boolean {
  const told = testimonyOf(message);
  const trial = told && known.jobs.get(told.job)?.trial(told.n);
  return !!told && !!trial && whyUnheard(trial, told) === undefined;
}

async function salvageChunks(from: Bus, to: Bus, known: WorkspaceState): Promise<void> {
  if (!(await streamInfo(from, streams.blob))) return;
  const chunks = (await from.subjects(streams.blob, allChunks)).filter((subject) => {
    const at = parseChunk(subject);
    const trial = at && known.jobs.get(at.job)?.trial(at.n);
    return !!at && !!trial && whyUnheard(trial, at) === undefined;
  });
  const cited = new Set(citedPieces(known).map(bundlePiece));
  const brought = (await from.subjects(streams.blob, allBundlePieces)).filter((subject) => cited.has(subject));
  const wanted = [...chunks, ...brought];
  for (let i = 0; i < wanted.length; i += chunksTogether) {
    await Promise.all(
      wanted.slice(i, i + chunksTogether).map(async (subject) => {
        const data = await from.newest(streams.blob, subject);
        // A command that needs a piece that can no longer be read reports it.
        if (data) await to.store(subject, data, { msgId: subject, timeoutMs: storeTimeoutMs });
      }),
    );
  }
}

/** Names of the pieces of what jobs brought along. */
export const citedPieces = ({ jobs }: Pick<WorkspaceState, "jobs">): string[] =>
  [...jobs.values()].flatMap(({ submitted }) => piecedBundles(submitted).flatMap(pieceNames));

/** Appends to an empty stream, with several messages on their way at once. */
class StreamWriter {
  readonly #bus: Bus;
  #onTheirWay: Promise<unknown>[] = [];
  last = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async add(subject: string, msgId: string, data: Uint8Array): Promise<void> {
    this.last += 1;
    const seq = this.last;
    const stored = this.#bus
      .store(subject, data, { msgId, expectLastSeq: seq - 1, timeoutMs: storeTimeoutMs })
      .then((answer) => {
        if (answer.seq !== seq)
          throw new BrokerError(`message ${seq} was stored as ${answer.seq}; nothing was changed, try again`);
      });
    stored.catch(() => undefined); // settle handles it
    this.#onTheirWay.push(stored);
    if (this.#onTheirWay.length >= together) await this.settle();
  }

  async settle(): Promise<void> {
    const waiting = this.#onTheirWay;
    this.#onTheirWay = [];
    await Promise.all(waiting);
  }
}

/** The stream's messages up to `last` in batches, since a large stream may not fit in memory. */
async function* batches(bus: Bus, stream: string, last: number): AsyncGenerator<StoredMessage[]> {
  for (let first = 1; first <= last; ) {
    const batch: StoredMessage[] = [];
    await readUpTo(bus, stream, last, (message) => batch.push(message) < together, { first });
    if (batch.length === 0) return;
    first = (batch.at(-1)?.seq ?? last) + 1;
    yield batch;
  }
}
