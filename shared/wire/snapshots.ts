import { deflateSync, inflateSync } from "node:zlib";
import { restoreSnapshot, type Snapshot, snapshotVersion } from "../domain/snapshot.ts";
import type { TrialColumns } from "../domain/trial-columns.ts";
import type { WorkspaceState } from "../domain/workspace-state.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";
import { open, seal } from "./envelope.ts";
import { keyBytes } from "./sealed-chunks.ts";

const columnTypes = {
  n: Float64Array,
  parent: Float64Array,
  child: Float64Array,
  configurations: Uint16Array,
  seed: Float64Array,
  hpmax: Float64Array,
  iters: Float64Array,
  startedAt: Float64Array,
  endedAt: Float64Array,
  worker: Uint32Array,
  bootId: Uint32Array,
  metricCounts: Uint16Array,
  metrics: Float64Array,
} as const;
type ColumnName = keyof typeof columnTypes;
const columnNames = Object.keys(columnTypes) as ColumnName[];

/** The columns travel as their bytes, little-endian as all machines that Node runs on today. */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const jobs = snapshot.jobs.map(({ table, trials }) => ({ table, trials: { ...trials, ...bytesOf(trials) } }));
  // Level 1: a tenth of the time of the usual one, for a fifth more bytes.
  return deflateSync(encode({ ...snapshot, jobs }), { level: 1 });
}

function bytesOf(trials: TrialColumns): Record<ColumnName, Uint8Array> {
  const bytes = (name: ColumnName): Uint8Array => {
    const { buffer, byteOffset, byteLength } = trials[name];
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  return Object.fromEntries(columnNames.map((name) => [name, bytes(name)])) as Record<ColumnName, Uint8Array>;
}

/**
 * The state that was saved. Only a coordinator writes snapshots, and their bytes were compared with their sum: what is in
 * them is believed, but for the version.
 *
 * @throws BadMessage when this program does not read it
 */
export function decodeSnapshot(bytes: Uint8Array): WorkspaceState {
  let saved: { v?: unknown; jobs?: unknown };
  try {
    saved = decode(inflateSync(bytes)) as { v?: unknown; jobs?: unknown };
  } catch (cause) {
    throw new check.BadMessage("not a snapshot", { cause });
  }
  if (saved?.v !== snapshotVersion) {
    throw new check.BadMessage(`snapshot version ${String(saved?.v)}; this program reads version ${snapshotVersion}`);
  }
  const snapshot = saved as Snapshot;
  const jobs = snapshot.jobs.map(({ table, trials }) => ({ table, trials: columnsOf(trials) }));
  return restoreSnapshot({ ...snapshot, jobs });
}

function columnsOf(trials: TrialColumns): TrialColumns {
  const column = (name: ColumnName): Float64Array | Uint32Array | Uint16Array => {
    const bytes = trials[name] as unknown as Uint8Array; // as bytesOf made them
    // A copy: their place among other bytes is no multiple of their width.
    return new columnTypes[name](Uint8Array.from(bytes).buffer);
  };
  return { ...trials, ...Object.fromEntries(columnNames.map((name) => [name, column(name)])) };
}

/** Where the newest snapshot lies; kept in the entry `snap`, which workers cannot read. */
export interface SnapshotPlace {
  /** Sequence of the last message of the journal that is in it. */
  readonly seq: number;
  /** Its pieces are `blob.<name>.<i>`. */
  readonly name: string;
  readonly key: Uint8Array;
  readonly size: number;
  readonly sha256: string;
  readonly chunks: number;
}

const placeShape = check.shape({
  seq: check.whole(),
  name: check.matching<string>((text) => /^[A-Za-z0-9-]{1,64}$/.test(text), "a snapshot's name"),
  key: check.bytes,
  size: check.whole(),
  sha256: check.text(64),
  chunks: check.whole(),
});

export const encodeSnapshotPlace = (place: SnapshotPlace): Uint8Array => seal(place);
export function decodeSnapshotPlace(bytes: Uint8Array): SnapshotPlace {
  const place = open(bytes, placeShape);
  if (place.key.length !== keyBytes) throw new check.BadMessage(`snapshot.key: expected ${keyBytes} bytes`);
  return place;
}
