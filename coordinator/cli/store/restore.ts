import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { type Backup, openBackup } from "../../../shared/broker/copies/backup-file.ts";
import { replaceStore } from "../../../shared/broker/copies/new-store.ts";
import { restoreFiles, unpackWorkspace } from "../../../shared/broker/copies/workspace-copy.ts";
import { readPeers } from "../../../shared/broker/peers/peers.ts";
import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { connectAs, credentialsOf } from "../../../shared/broker/workspace-link.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { JobSubmitted } from "../../../shared/domain/fold/events.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { messageOf, UnreachableError, UsageError } from "../../../shared/errors.ts";
import { noteRestored, noteRestoring } from "../../../shared/machine/restored-file.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import { createWorkspace, type WorkspacePaths, workspaceFlags } from "../../../shared/machine/workspace.ts";
import { BusError } from "../../../shared/ports.ts";
import { bucket } from "../../../shared/wire/subjects.ts";
import { stopCoordinator } from "../../endpoint/launch.ts";
import type { Scope } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { endUnused } from "./end-unused.ts";
import { isOwnBackup } from "./own-backup.ts";

export interface RestoreOptions extends JsonOption {
  /** Stop the workspace's coordinator and set its present store aside. */
  readonly replace?: boolean | undefined;
  /** Copies of each stream, on an external NATS cluster. */
  readonly replicas?: number | undefined;
}

interface Restored {
  readonly state: WorkspaceState;
  /** Where the old store is now; undefined if there was none. */
  readonly kept?: string | undefined;
  /** Jobs whose searches are programs that came with the backup; these do not start by themselves. */
  readonly searches: readonly JobSubmitted[];
}

/** `nexus restore FILE`: restores the workspace from a backup. */
export async function restore({ scope, output }: Session, typed: string, options: RestoreOptions): Promise<void> {
  const file = resolve(typed);
  const { paths } = scope;
  const started = performance.now();
  // Opened and verified before anything changes.
  const backup = openBackup(file);
  try {
    const { state, kept, searches } = await (scope.external
      ? restoreElsewhere(scope, backup, options)
      : restoreHere(paths, file, backup, options));
    const seconds = Math.round(performance.now() - started) / 1000;
    const { header } = backup;
    const { seq: journal, evidenceSeq: evidence } = state;
    const [jobs, workers] = [state.jobs.size, state.workers.size];
    if (options.json) {
      const told = { type: "restore", v: 1, workspace: paths.name, file, from: header.workspace, at: header.at };
      const more = {
        jobs,
        workers,
        journal,
        evidence,
        seconds,
        kept: kept ?? null,
        searches: searches.map(({ job }) => job),
      };
      output.result(`${JSON.stringify({ ...told, ...more })}\n`);
      return;
    }
    const counts = `${counted(jobs, "job")}, ${counted(workers, "worker")}, journal to record ${journal}`;
    const whose = header.workspace === paths.name ? "its state of" : `the state of ${printable(header.workspace)} of`;
    output.result(`${paths.name} is restored to ${whose} ${printable(header.at)}: ${counts}\n`);
    if (kept !== undefined) output.note(`  what was there before is in ${kept}\n`);
    output.note(`  to go on: nexus-coord${scope.flags}\n`);
    const paused = searches.map(({ job }) => job).filter((job) => state.jobs.get(job)?.isOver === false);
    if (paused.length > 0) output.note(whoseSearches(paused, scope.flags));
    // A broker that others run gets neither keys nor passwords from the backup.
    if (!scope.external) output.note(validAgain(scope.flags));
    output.note("  workers that joined after the backup must be restarted with the join line that it prints\n");
  } finally {
    backup.close();
  }
}

const validAgain = (flags: string): string =>
  "  what was revoked, withdrawn or rotated since that backup is valid again; once the coordinator runs, do it again:\n" +
  ["workers revoke NAME", "invite --withdraw ID", "rotate"].map((verb) => `    nexus ${verb}${flags}\n`).join("");

const whoseSearches = (jobs: readonly JobName[], flags: string): string =>
  "  a program that came with the backup chooses for some jobs; it runs on this machine once you say so, with the coordinator running:\n" +
  jobs.map((job) => `    nexus resume ${job}${flags}\n`).join("");

const searchesIn = ({ jobs }: WorkspaceState): JobSubmitted[] =>
  [...jobs.values()].map(({ submitted }) => submitted).filter(({ settings }) => settings.hpTuning === "own");

/** Fills an empty store. */
export const fillFrom =
  (backup: Backup) =>
  (bus: CoordinatorBus, { store }: WorkspacePaths): Promise<WorkspaceState> =>
    unpackWorkspace(bus, backup, { storeDir: store, replicas: 1 });

async function restoreHere(
  paths: WorkspacePaths,
  file: string,
  backup: Backup,
  { replace }: RestoreOptions,
): Promise<Restored> {
  if (readPeers(paths)) {
    throw new UsageError(
      `workspace ${paths.name} lives on several machines; expected a workspace of its own: nexus --workspace NAME restore ${shellWord(file)}\n` +
        "  to carry that one over to peers afterwards: nexus --workspace NAME move --to-peers a,b,c",
    );
  }
  const hints =
    `\n  into another workspace: nexus --workspace NAME restore ${shellWord(file)}\n` +
    `  to end its coordinator and set aside what is there: nexus${workspaceFlags(paths.name)} restore ${shellWord(file)} --replace`;
  if (replace) await stopCoordinator(paths);
  await endUnused(paths, replace ? undefined : hints);
  const isEmpty = !existsSync(paths.store) || readdirSync(paths.store).length === 0;
  if (!isEmpty && !replace) {
    throw new UsageError(`workspace ${paths.name} holds data already (${paths.store}); expected an empty one${hints}`);
  }
  const prepare = (scratch: WorkspacePaths): void => restoreFiles(scratch, backup.files);
  const isTrusted = isOwnBackup(paths, backup.files);
  const { workspace: from, at } = backup.header;
  let searches: readonly JobSubmitted[] = [];
  let putBack = (): void => undefined;
  const fill = async (bus: CoordinatorBus, scratch: WorkspacePaths): Promise<WorkspaceState> => {
    const state = await fillFrom(backup)(bus, scratch);
    if (isTrusted) return state;
    searches = searchesIn(state);
    // Noted before any of these searches can start.
    putBack = noteRestored(paths, { from, at, jobs: searches });
    return state;
  };
  try {
    const made = await replaceStore(paths, { why: "replaced", withSecrets: true, prepare }, fill);
    return { state: made.result, kept: made.kept, searches };
  } catch (error) {
    if (existsSync(paths.dir)) putBack();
    throw error;
  }
}

async function restoreElsewhere(
  { external, paths, flags }: Scope,
  backup: Backup,
  options: RestoreOptions,
): Promise<Restored> {
  if (!external) throw new Error("no broker of someone else's was named");
  const { workspace: from, at } = backup.header;
  let putBack = (): void => undefined;
  let mayBeLeft = false;
  // This process may be killed at any moment, and what it left there must start no program.
  const onBegin = (): void => {
    createWorkspace(paths);
    putBack = noteRestoring(paths, { from, at });
    mayBeLeft = true;
  };
  const onUndone = (): void => {
    putBack();
    mayBeLeft = false;
  };
  const bus = await connectAs(external.url, credentialsOf(external), "coordinator");
  try {
    const to = { storeDir: null, replicas: options.replicas ?? 1, onBegin, onUndone };
    const state = await unpackWorkspace(bus, backup, to).catch((cause: unknown) => {
      throw mayBeLeft ? new UnreachableError(partlyRestored(external.url, cause), { cause }) : cause;
    });
    const searches = searchesIn(state);
    noteRestored(paths, { from, at, jobs: searches });
    await believe(bus, paths, flags);
    return { state, searches };
  } catch (cause) {
    if (cause instanceof BusError)
      throw new UnreachableError(`${external.url}: ${cause.message}; nothing was restored`, { cause });
    throw cause;
  } finally {
    await bus.close();
  }
}

const partlyRestored = (url: string, cause: unknown): string =>
  `${url}: ${messageOf(cause)}\n` +
  `  streams of the workspace may be left there (JRN, EV, BLOB, KV_${bucket}): delete them, then type it again\n` +
  "  until a restore succeeds, no own search of this workspace starts by itself on this machine";

/** The backup's keys stay in it, so what it holds is believed as it is. */
async function believe(bus: CoordinatorBus, paths: WorkspacePaths, flags: string): Promise<void> {
  try {
    await JournalFooting.accept(bus, paths);
  } catch (cause) {
    if (!(cause instanceof BusError)) throw cause;
    throw new UnreachableError(
      `${cause.message}; the workspace is restored, but what it holds is not believed yet\n  to go on: nexus${flags} repair --accept-journal`,
      { cause },
    );
  }
}
