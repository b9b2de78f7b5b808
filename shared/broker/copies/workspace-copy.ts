import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { BrokerError, JournalCorruptError } from "../../errors.ts";
import { writeSecretFile } from "../../machine/secret-file.ts";
import { createWorkspace, type WorkspacePaths } from "../../machine/workspace.ts";
import { systemClock } from "../../time/clock.ts";
import { bucket, journalPurge, streams } from "../../wire/subjects.ts";
import type { CoordinatorBus, StreamPlan } from "../client/bus.ts";
import { askJetStream, streamInfo } from "../client/jetstream-api.ts";
import { foldJournal } from "../store/journal-reader.ts";
import { checkCited, checkReadable } from "../store/store-check.ts";
import { ensureStreams, streamPlans } from "../store/streams.ts";
import type { Backup, BackupWriter } from "./backup-file.ts";
import { appendTail, readTail } from "./journal-tail.ts";
import { giveUpLead } from "./new-store.ts";
import { type PackedStream, packStream, unpackStream } from "./stream-archive.ts";

/** The last sequences in a backup; it may hold more evidence. */
interface PackedEnds {
  readonly journal: number;
  readonly evidence: number;
}

/**
 * Packs the workspace's streams and secrets while it works. The journal comes first: what it cites was stored before, so the evidence
 * packed after it reaches at least as far. Then comes what the journal got meanwhile. The bucket is left out: the former leader
 * no longer matters, and the rest is rebuilt from the journal. The secrets come last: `nexus rotate` may have added the key that
 * the newest records need.
 *
 * @throws StoreDamagedError if the journal or the evidence is damaged
 */
export async function packWorkspace(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: BackupWriter,
): Promise<PackedEnds> {
  // A backup of a damaged store must not silently replace an older, whole one.
  await checkReadable(bus);
  const ends = { journal: 0, evidence: 0 };
  for (const { name } of await streamPlans(null)) {
    const onStart = (packed: PackedStream): void => {
      if (name === streams.journal) ends.journal = lastSeqOf(packed);
      if (name === streams.evidence) ends.evidence = lastSeqOf(packed);
      file.beginStream(packed);
    };
    await packStream(bus, name, onStart, (bytes) => file.chunk(bytes));
    file.endStream();
    if (name !== streams.evidence) continue;
    await readTail(bus, ends.journal, (record) => {
      // What was deleted while it was packed may be missing, and a restored journal may end before the record that says so.
      if (record.subject === journalPurge)
        throw new BrokerError(
          "what a worker or a job had stored was being deleted meanwhile; nothing was kept, try again",
        );
      ends.journal = record.seq;
      file.record(record);
    });
  }
  for (const { name, text } of savedFiles(paths)) file.file(name, text);
  return ends;
}

const lastSeqOf = ({ state }: PackedStream): number => (state as { last_seq?: number }).last_seq ?? 0;

interface Destination {
  /** The embedded broker's store; null for someone else's broker. */
  readonly storeDir: string | null;
  /** Copies of each stream. */
  readonly replicas: number;
  /** Resolves when the filled streams are complete in every copy. Default: nobody waits for the copies. */
  readonly copied?: () => Promise<void>;
  /** Called before the first stream is made. */
  readonly onBegin?: () => void;
  /** Called after that if it fails and the broker says that nothing of it is left. */
  readonly onUndone?: () => void;
}

/**
 * Makes the streams from a backup, with their sequences, and checks the result: the journal folds without a gap, and the
 * evidence reaches as far as it cites. If it fails, no stream is left, unless the broker is away or others use them already. Peers use the streams as soon as the bucket exists,
 * so it is made last.
 *
 * @throws BrokerError if there are streams already; JournalCorruptError if a stream comes out short
 */
export async function unpackWorkspace(
  bus: CoordinatorBus,
  backup: Backup,
  { storeDir, replicas, copied = async () => undefined, onBegin = () => undefined, onUndone }: Destination,
): Promise<WorkspaceState> {
  const plans = await streamPlans(storeDir);
  const made = [...plans.map(({ name }) => name), `KV_${bucket}`];
  for (const name of made) {
    if (await streamInfo(bus, name)) throw new BrokerError(`there is a stream ${name} already; nothing was restored`);
  }
  onBegin();
  let state: WorkspaceState;
  try {
    await unpackStreams(bus, backup, plans, replicas);
    await copied();
    ({ state } = await foldJournal(bus, systemClock, async () => undefined));
    await checkCited(bus, state);
    await ensureStreams(bus, storeDir, replicas);
  } catch (error) {
    // Others may have stored something already. A broker that does not answer counts as one that has the bucket.
    const isShared = (await streamInfo(bus, `KV_${bucket}`).catch(() => "not known")) !== undefined;
    for (const name of isShared ? [] : made) {
      // The thrown error says what failed; a broker that is gone has nothing to delete.
      await askJetStream(bus, `STREAM.DELETE.${name}`).catch(() => undefined);
    }
    if (onUndone && (await areGone(bus, made))) onUndone();
    throw error;
  }
  await giveUpLead(bus, state.term, "nexus restore");
  return state;
}

/** False if the broker does not say so. */
async function areGone(bus: CoordinatorBus, names: readonly string[]): Promise<boolean> {
  try {
    for (const name of names) if (await streamInfo(bus, name)) return false;
    return true;
  } catch {
    return false;
  }
}

async function unpackStreams(
  bus: CoordinatorBus,
  backup: Backup,
  plans: readonly StreamPlan[],
  replicas: number,
): Promise<void> {
  for (const plan of plans) {
    const saved = backup.streams.find(({ name }) => name === plan.name);
    if (!saved) throw new BrokerError(`the backup holds no stream ${plan.name}; nothing was restored`);
    await unpackStream(bus, saved.packed, settingsOf(plan, saved.packed.state, replicas), saved.chunks());
    const info = await streamInfo(bus, plan.name);
    const wanted = lastSeqOf(saved.packed);
    if ((info?.state.lastSeq ?? 0) < wanted) {
      throw new JournalCorruptError(
        `${plan.name} came out with ${info?.state.lastSeq} of ${wanted} messages; nothing was restored`,
      );
    }
  }
  await appendTail(bus, backup.tail);
}

/** Limits and replicas are those of the destination, but the stream's content must fit. */
function settingsOf(
  plan: StreamPlan,
  state: Readonly<Record<string, unknown>>,
  replicas: number,
): Readonly<Record<string, unknown>> {
  const { bytes = 0 } = state as { bytes?: number };
  const maxBytes = plan.maxBytes < 0 ? -1 : Math.max(plan.maxBytes, 2 * bytes);
  return { subjects: plan.subjects, max_bytes: maxBytes, num_replicas: replicas };
}

/** Files of `secrets/` that the guard writes at every start, or that are only for this machine. */
const notSaved = new Set([
  "nats-server.conf",
  "workers.conf",
  "workers.conf.accepted",
  "peers.json",
  "server.pem",
  "server.key.pem",
  "given.pem",
  "given.key.pem",
]);

/** Passwords, join code, keys: if these move along, nobody needs new ones. */
export function savedFiles(paths: WorkspacePaths): { name: string; text: string }[] {
  if (!existsSync(paths.secrets)) return [];
  return readdirSync(paths.secrets, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !notSaved.has(entry.name) && !entry.name.endsWith(".tmp"))
    .map(({ name }) => ({ name, text: readFileSync(join(paths.secrets, name), "utf8") }));
}

export function restoreFiles(paths: WorkspacePaths, files: Backup["files"]): void {
  createWorkspace(paths);
  for (const { name, text } of files) {
    // A name from a backup must not lead out of the folder.
    if (name !== basename(name) || notSaved.has(name))
      throw new BrokerError(`the backup holds a file called ${name}, which no backup has; nothing was restored`);
    writeSecretFile(join(paths.secrets, name), text);
  }
}
