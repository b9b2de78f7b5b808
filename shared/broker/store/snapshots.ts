import { randomBytes } from "node:crypto";
import { takeSnapshot } from "../../domain/fold/snapshot.ts";
import type { WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { type Bus, BusError } from "../../ports.ts";
import { BadMessage } from "../../wire/check.ts";
import { newKey, open, sealChunks } from "../../wire/sealed-chunks.ts";
import {
  decodeSnapshot,
  decodeSnapshotPlace,
  encodeSnapshot,
  encodeSnapshotPlace,
  type SnapshotPlace,
} from "../../wire/snapshots.ts";
import { snapshotChunk, snapshotChunks, snapshotKey, streams } from "../../wire/subjects.ts";

/** How many pieces are on their way at once. */
const inFlight = 8;
/** Tries for each piece: a snapshot of a million runs has hundreds, and one lost answer must not spoil it. */
const tries = 3;

/**
 * The newest snapshot; undefined if none can be used, so that the whole journal must be folded.
 *
 * @param onUnusable  hears why an existing snapshot cannot be used
 */
export async function readSnapshot(
  bus: Bus,
  onUnusable: (why: string) => void = () => undefined,
): Promise<WorkspaceState | undefined> {
  const entry = await bus.entries.get(snapshotKey);
  if (!entry) return undefined;
  if (entry.isForeign) {
    onUnusable("no coordinator of this workspace wrote its entry");
    return undefined;
  }
  try {
    return await fetchSnapshot(bus, decodeSnapshotPlace(entry.value));
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    onUnusable(error.message);
    return undefined;
  }
}

async function fetchSnapshot(bus: Bus, place: SnapshotPlace): Promise<WorkspaceState> {
  const pieces: Uint8Array[] = [];
  while (pieces.length < place.chunks) {
    const wanted = Array.from(
      { length: Math.min(inFlight, place.chunks - pieces.length) },
      (_, k) => pieces.length + k,
    );
    const found = await Promise.all(
      wanted.map((i) => untilAnswered(() => bus.piece(streams.blob, snapshotChunk(place.name, i)))),
    );
    for (const piece of found) {
      if (piece === null) throw new BadMessage(`a piece of the snapshot at ${place.seq} is missing`);
      pieces.push(piece);
    }
  }
  const state = decodeSnapshot(open(pieces, place.key, place));
  if (state.seq !== place.seq) throw new BadMessage(`a snapshot at ${state.seq} lies where one at ${place.seq} should`);
  return state;
}

/**
 * Stores a snapshot, makes it the newest and deletes those before, unless there is a newer one. Readers that were fetching one
 * of them fold the whole journal.
 *
 * @param tag  tells it from another snapshot at the same record; letters, digits and dashes
 * @returns its size in bytes; 0 when there was a newer one
 */
export async function writeSnapshot(
  bus: Bus,
  state: WorkspaceState,
  tag = randomBytes(6).toString("hex"),
): Promise<number> {
  const entry = await bus.entries.get(snapshotKey);
  const before = entry ? placeOrNone(entry.value) : undefined;
  if (before && !entry?.isForeign && before.seq >= state.seq) return 0;
  const name = `snap-${state.seq}-${tag}`;
  const key = newKey();
  const { chunks, sum } = sealChunks(encodeSnapshot(takeSnapshot(state)), key);
  for (let i = 0; i < chunks.length; i += inFlight) {
    await Promise.all(
      chunks
        .slice(i, i + inFlight)
        .map((piece, k) =>
          untilAnswered(() => bus.store(snapshotChunk(name, i + k), piece, { msgId: `${name}.${i + k}` })),
        ),
    );
  }
  const place = encodeSnapshotPlace({ seq: state.seq, name, key, ...sum });
  const revision = entry
    ? await bus.entries.update(snapshotKey, place, entry.revision)
    : await bus.entries.create(snapshotKey, place);
  const isNewest = revision !== null;
  // Writers that were ended have left pieces too; one at a newer record may still be at work.
  const isNeedless = (other: string): boolean => other !== name && recordOf(other) <= state.seq;
  const needless = isNewest ? (await storedNames(bus)).filter(isNeedless) : [name];
  for (const each of needless) await bus.purge(streams.blob, snapshotChunks(each));
  return isNewest ? sum.size : 0;
}

/** The record at which a snapshot was taken, by its name; NaN for other names. */
const recordOf = (name: string): number => Number(/^snap-(\d+)-/.exec(name)?.[1] ?? Number.NaN);

async function storedNames(bus: Bus): Promise<string[]> {
  const pieces = await bus.subjects(streams.blob, snapshotChunks("*"));
  return [...new Set(pieces.map((subject) => subject.split(".")[1] ?? ""))];
}

async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0 || !(error instanceof BusError) || error.reason !== "no answer in time") throw error;
    }
  }
}

function placeOrNone(value: Uint8Array): SnapshotPlace | undefined {
  try {
    return decodeSnapshotPlace(value);
  } catch (error) {
    if (error instanceof BadMessage) return undefined; // written by another version; it is replaced
    throw error;
  }
}
