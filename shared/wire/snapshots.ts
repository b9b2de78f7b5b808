import { deflateSync, inflateSync } from "node:zlib";
import type { Actor } from "../domain/fold/events.ts";
import { restoreSnapshot, type Snapshot, snapshotVersion } from "../domain/fold/snapshot.ts";
import type { Trial } from "../domain/fold/trial.ts";
import type { WorkspaceState } from "../domain/fold/workspace-state.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";
import { open, seal } from "./envelope.ts";
import { entryLimits } from "./limits.ts";
import { actorCalled, distrustOfEnd, lossCauseOfEnd, pauseWords, prunedBy } from "./old-words.ts";
import { sealingKey } from "./sealed-chunks.ts";

/** The typed arrays of a table, of its list of trials, and of the trials that are kept in columns. */
const tableColumns = { completions: Uint32Array, configurations: Uint32Array } as const;
const listColumns = { runSets: Uint32Array } as const;
const trialColumns = {
  n: Uint32Array,
  parent: Uint32Array,
  child: Uint32Array,
  seed: Float64Array,
  hpmax: Float64Array,
  iters: Float64Array,
  startedAt: Float64Array,
  endedAt: Float64Array,
  worker: Uint32Array,
  bootId: Uint32Array,
  metricsEnd: Uint32Array,
  metrics: Float64Array,
} as const;

/** Columns of measured numbers: deflating them would save little and take most of the time of writing a snapshot. */
const measured = new Set(["seed", "hpmax", "metrics"]);

type ColumnTypes = Readonly<Record<string, typeof Uint32Array | typeof Float64Array>>;
type SavedJob = Snapshot["jobs"][number];

/** Length of the original bytes, and the bytes, deflated if that makes them much shorter. */
type Packed = readonly [length: number, bytes: Uint8Array];

/** Deflated bytes above this share of the original are not used, which saves every reader the inflating. */
const worthDeflating = 0.9;
/** Deflate level: a tenth of the time of the usual level, and a fifth more bytes. */
const level = 1;

function pack(bytes: Uint8Array): Packed {
  const deflated = deflateSync(bytes, { level });
  return [bytes.length, deflated.length < worthDeflating * bytes.length ? deflated : bytes];
}

/** Returns bytes at the start of their own memory: wider columns need that alignment. */
function unpack([length, bytes]: Packed): Uint8Array<ArrayBuffer> {
  // Deflate never shrinks below a thousandth, so a length that cannot be true takes no memory.
  if (!(length <= 1100 * bytes.length + 100))
    throw new check.BadMessage(`${bytes.length} bytes do not unpack to so many`);
  if (bytes.length >= length) return new Uint8Array(bytes);
  // With room to spare at the end, zlib inflates into one buffer and copies nothing.
  const inflated = inflateSync(bytes, { chunkSize: length + 64, maxOutputLength: length + 64 });
  return inflated.byteOffset === 0 ? inflated : new Uint8Array(inflated);
}

/** Encodes a snapshot. Columns travel as raw bytes, which are little-endian on all machines that Node runs on today. */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const columns: Packed[] = [];
  const jobs = snapshot.jobs.map(({ table, trials }) => ({
    table: withPlaces(table, tableColumns, columns),
    trials: {
      ...withPlaces(trials, listColumns, columns),
      columns: withPlaces(trials.columns, trialColumns, columns),
    },
  }));
  return encode({ v: snapshot.v, rest: pack(encode({ ...snapshot, jobs })), columns });
}

/** A copy of the object with each of its columns appended to `columns` and replaced by its index there. */
function withPlaces(object: object, types: ColumnTypes, columns: Packed[]): object {
  const placed = { ...object } as Record<string, unknown>;
  for (const name of Object.keys(types)) {
    const { buffer, byteOffset, byteLength } = placed[name] as Uint8Array; // a typed array, by its name
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    placed[name] = columns.push(measured.has(name) ? [bytes.length, bytes] : pack(bytes)) - 1;
  }
  return placed;
}

function withColumns<T extends object>(object: T, types: ColumnTypes, columns: readonly Packed[]): T {
  const filled = { ...object } as Record<string, unknown>;
  for (const [name, Column] of Object.entries(types)) {
    const { buffer, byteOffset, byteLength } = unpack(columns[filled[name] as number] ?? [0, new Uint8Array(0)]); // as withPlaces made it
    filled[name] = new Column(buffer, byteOffset, byteLength / Column.BYTES_PER_ELEMENT);
  }
  return filled as T;
}

/**
 * The saved state. Only coordinators write snapshots, and the caller compared the sum, so only the version is checked
 * here; no useful limit would let a million runs pass.
 *
 * @throws BadMessage if the snapshot has another version
 */
export function decodeSnapshot(bytes: Uint8Array): WorkspaceState {
  let saved: { v?: unknown; rest?: unknown; columns?: unknown };
  try {
    saved = decode(bytes) as { v?: unknown; rest?: unknown; columns?: unknown };
  } catch (cause) {
    throw new check.BadMessage(`no snapshot of version ${snapshotVersion}`, { cause }); // version 1 was deflated as a whole
  }
  if (saved?.v !== snapshotVersion) {
    throw new check.BadMessage(`snapshot version ${String(saved?.v)}; this program reads version ${snapshotVersion}`);
  }
  const columns = saved.columns as readonly Packed[];
  const snapshot = decode(unpack(saved.rest as Packed)) as Snapshot;
  const jobs = snapshot.jobs.map(
    ({ table, trials }): SavedJob => ({
      table: withPauseWords(withActor(withColumns(table, tableColumns, columns))),
      trials: {
        ...withColumns(trials, listColumns, columns),
        others: trials.others.map(withLaterFields),
        columns: withColumns(trials.columns, trialColumns, columns),
      },
    }),
  );
  return restoreSnapshot({ ...snapshot, jobs, workers: snapshot.workers.map(withActor) });
}

/** A snapshot of an earlier version has no codes: they are derived from its sentences. */
function withActor<T extends { readonly stateBy: string; readonly stateActor: Actor | null }>(saved: T): T {
  return saved.stateActor === undefined ? { ...saved, stateActor: actorCalled(saved.stateBy) } : saved;
}

function withPauseWords<T extends SavedJob["table"]>(saved: T): T {
  if (saved.pauseWords !== undefined) return saved;
  const isOwn = saved.state === "paused" && saved.stateActor === "coordinator";
  return { ...saved, pauseWords: isOwn ? pauseWords(saved.submitted.job, saved.reason) : null };
}

function withLaterFields(trial: Trial): Trial {
  for (const part of trial.attempts) {
    if (part.cause === undefined) part.cause = lossCauseOfEnd(part.end, part.worker);
    part.distrust ??= distrustOfEnd(part);
  }
  trial.rejected ??= null;
  trial.resultBy ??= null;
  trial.predicted ??= null;
  trial.prunedBy ??= trial.status === "pruned" ? prunedBy(trial.reason) : null;
  trial.unsaved ??= "";
  return trial;
}

const placeShape = check.shape({
  /** Sequence of the last journal message that the snapshot includes. */
  seq: check.whole(),
  /** Its pieces are `blob.<name>.<i>`. */
  name: check.matching<string>((text) => /^[A-Za-z0-9-]{1,64}$/.test(text), "a snapshot's name"),
  key: sealingKey,
  size: check.whole(),
  sha256: check.text(64),
  chunks: check.whole(),
});
/** The place of the newest snapshot; kept in the entry `snap`, which workers cannot read. */
export type SnapshotPlace = check.Checked<typeof placeShape>;
export const encodeSnapshotPlace = (place: SnapshotPlace): Uint8Array => seal(place);
export const decodeSnapshotPlace = (bytes: Uint8Array): SnapshotPlace => open(bytes, placeShape, entryLimits);
