import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { WorkspaceState } from "../domain/workspace-state.ts";
import { BrokerError, JournalCorruptError } from "../errors.ts";
import { ownIdentity } from "../process-identity.ts";
import { encodeLeader } from "../wire/messages.ts";
import { leaderKey, streams } from "../wire/subjects.ts";
import { createWorkspace, type WorkspacePaths, writeSecretFile } from "../workspace.ts";
import type { Backup, BackupWriter } from "./backup-file.ts";
import type { CoordinatorBus, StreamPlan } from "./bus.ts";
import { streamInfo } from "./jetstream-api.ts";
import { readJournal } from "./journal-reader.ts";
import { checkCited } from "./store-check.ts";
import { currentMark, forgetMark, writeMark } from "./store-mark.ts";
import { packStream, unpackStream } from "./stream-archive.ts";
import { ensureStreams, streamPlans } from "./streams.ts";

/**
 * Packs the workspace's streams while it works. The journal first: what it cites was stored before, so the evidence packed
 * after it reaches at least as far. Evidence beyond the journal's end is judged again by the next coordinator. The bucket
 * is left out: who led does not matter any more, and the rest of it is made anew from the journal.
 */
export async function packWorkspace(bus: CoordinatorBus, file: BackupWriter): Promise<void> {
  for (const { name } of await streamPlans(null)) {
    await packStream(
      bus,
      name,
      (packed) => file.beginStream(packed),
      (bytes) => file.chunk(bytes),
    );
    file.endStream();
  }
}

/** Leaders of another life of this workspace may have reached terms that its journal does not know; workers ignore lower ones. */
const termsAhead = 1000;

/**
 * Makes the streams from a backup, sequences and all, and compares what came out: the journal folds, without a hole, and
 * the evidence reaches as far as it cites.
 *
 * @throws BrokerError when there are streams already
 */
export async function unpackWorkspace(
  bus: CoordinatorBus,
  backup: Backup,
  storeDir: string | null,
  replicas: number,
): Promise<WorkspaceState> {
  const plans = await streamPlans(storeDir);
  for (const { name } of plans) {
    if (await streamInfo(bus, name)) throw new BrokerError(`there is a stream ${name} already; nothing was restored`);
  }
  for (const plan of plans) {
    const saved = backup.streams.find(({ name }) => name === plan.name);
    if (!saved) throw new BrokerError(`the backup holds no stream ${plan.name}; nothing more was restored`);
    await unpackStream(bus, saved.packed, settingsOf(plan, saved.packed.state, replicas), saved.chunks());
  }
  await ensureStreams(bus, storeDir, replicas);
  const state = await readJournal(bus);
  await checkCited(bus, state);
  for (const { name, packed } of backup.streams) {
    const info = await streamInfo(bus, name);
    const { last_seq: wanted = 0 } = packed.state as { last_seq?: number };
    if ((info?.state.lastSeq ?? 0) < wanted) {
      throw new JournalCorruptError(`${name} came out with ${info?.state.lastSeq} of ${wanted} messages`);
    }
  }
  const { pid, scope, boot, startTime } = ownIdentity();
  const entry = { leader: "nexus restore", host: scope, pid, started: `${boot} ${startTime}` };
  await bus.entries.create(leaderKey, encodeLeader({ ...entry, term: state.term + termsAhead, released: true }));
  return state;
}

/** Limits and copies fit where the stream goes, not where it came from; what it holds must fit in any case. */
function settingsOf(
  plan: StreamPlan,
  state: Readonly<Record<string, unknown>>,
  replicas: number,
): Readonly<Record<string, unknown>> {
  const { bytes = 0 } = state as { bytes?: number };
  const maxBytes = plan.maxBytes < 0 ? -1 : Math.max(plan.maxBytes, 2 * bytes);
  return { subjects: plan.subjects, max_bytes: maxBytes, num_replicas: replicas };
}

/** Files of `secrets/` that the guard writes at every start, or that belong to this machine. */
const notSaved = new Set(["nats-server.conf", "workers.conf", "peers.json"]);

/** Passwords, join code, keys: what a workspace elsewhere needs so that those who know them need nothing new. */
export function savedFiles(paths: WorkspacePaths): { name: string; text: string }[] {
  if (!existsSync(paths.secrets)) return [];
  return readdirSync(paths.secrets, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !notSaved.has(entry.name) && !entry.name.endsWith(".tmp"))
    .map(({ name }) => ({ name, text: readFileSync(join(paths.secrets, name), "utf8") }));
}

export function restoreFiles(paths: WorkspacePaths, files: Backup["files"]): void {
  createWorkspace(paths);
  for (const { name, text } of files) {
    // A name from a file is not believed: it may not lead out of the folder.
    if (name !== basename(name) || notSaved.has(name)) throw new BrokerError(`the backup holds a file called ${name}`);
    writeSecretFile(join(paths.secrets, name), text);
  }
}

export async function markRestored(bus: CoordinatorBus, paths: WorkspacePaths): Promise<void> {
  writeMark(paths, await currentMark(bus));
}

/** What a workspace holds of its past, moved out of the way. */
export interface SetAside {
  readonly folder: string;
  /** Puts everything back where it was. */
  undo(): void;
}

/** Moves the store, its mark and the secrets into a folder beside them. Nothing may run on the store. */
export function setAside(paths: WorkspacePaths, why: string): SetAside {
  const folder = join(paths.dir, `${why}-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  mkdirSync(folder, { mode: 0o700 });
  const moved = [paths.store, paths.secrets, paths.storeMark].filter((each) => existsSync(each));
  for (const each of moved) renameSync(each, join(folder, basename(each)));
  forgetMark(paths);
  createWorkspace(paths);
  return {
    folder,
    undo: () => {
      for (const each of moved) {
        rmSync(each, { recursive: true, force: true });
        renameSync(join(folder, basename(each)), each);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** For people: how much there is. */
export async function describeStreams(bus: CoordinatorBus): Promise<string> {
  const [journal, evidence] = [await bus.lastSeq(streams.journal), await bus.lastSeq(streams.evidence)];
  return `journal to record ${journal}, evidence to message ${evidence}`;
}
