import { rmSync } from "node:fs";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { addressText } from "../../../shared/broker/address.ts";
import { type Backup, openBackup } from "../../../shared/broker/copies/backup-file.ts";
import { replaceStore } from "../../../shared/broker/copies/new-store.ts";
import { restoreFiles } from "../../../shared/broker/copies/workspace-copy.ts";
import { writeMembers } from "../../../shared/broker/peers/members.ts";
import { type PeersFile, peerUrls, selfOf } from "../../../shared/broker/peers/peers.ts";
import { readSeals } from "../../../shared/broker/store/seal-file.ts";
import { connectAs, withSeals } from "../../../shared/broker/workspace-link.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { NexusError } from "../../../shared/errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../../../shared/machine/workspace.ts";
import { BusError } from "../../../shared/ports.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { stopCoordinator } from "../../endpoint/launch.ts";
import type { Consent } from "../../operator/consent.ts";
import type { Output } from "../../operator/output.ts";
import type { Scope } from "../../operator/scope.ts";
import { endUnused } from "../store/end-unused.ts";
import { fillFrom } from "../store/restore.ts";
import { packForGood, stayHere } from "./move-pack.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus move --to-single`: this machine alone has the workspace from now on; the other peers end. */
export async function moveToSingle(
  scope: Scope,
  { json }: { readonly json?: boolean | undefined },
  consent: Consent,
  output: Output,
): Promise<void> {
  const { paths } = scope;
  const file = peersOf(scope);
  const self = addressText(selfOf(file));
  const what = `workspace ${paths.name} moves to ${self} alone: its disk is the only copy, and the other peers end; workers train on meanwhile`;
  if (!(await consent(what))) return;
  const packed = await packForGood(scope);
  const backup = openBackup(packed);
  let made: Awaited<ReturnType<typeof takeOver>>;
  try {
    made = await takeOver(paths, backup);
  } catch (error) {
    await stayHere(scope, packed, output);
    throw error;
  } finally {
    backup.close();
  }
  await tellOthers(paths, file, self, output);
  rmSync(packed, { force: true });
  const { kept = null, result } = made;
  if (json) {
    const told = { type: "move", v: 1, workspace: paths.name, to: "single", journal: result.seq, kept };
    output.result(`${JSON.stringify(told)}\n`);
    return;
  }
  output.result(`${paths.name} lives on this machine alone: journal to record ${result.seq}\n`);
  output.note(
    `to go on, where workers look for it:\nnexus-coord --listen ${self}${scope.flags}\n` +
      `  what was here is kept in ${kept}; remove it when all is well\n`,
  );
}

async function takeOver(
  paths: WorkspacePaths,
  backup: Backup,
): Promise<{ readonly result: WorkspaceState; readonly kept: string | undefined }> {
  await stopCoordinator(paths);
  await endUnused(paths);
  const prepare = (scratch: WorkspacePaths): void => restoreFiles(scratch, backup.files);
  return replaceStore(paths, { why: "moved", withSecrets: true, prepare }, fillFrom(backup));
}

/** The other servers may have to elect a leader now that this machine's has ended. */
const patienceMs = 30_000;
const askAgainMs = 500;

/** Tells the other peers to end. One that is not reached stores nothing more either: its streams are closed. */
async function tellOthers(paths: WorkspacePaths, file: PeersFile, self: string, output: Output): Promise<void> {
  const { peers, generation } = file;
  const moved = `has moved to ${self} alone; type it there, or use that machine's nexus`;
  const others = { ...file, peers: peers.filter(({ id }) => id !== file.self) };
  const limit = performance.now() + patienceMs;
  try {
    const plain = await connectAs(peerUrls(paths, others), readRoleSecret(paths, "coordinator"), "coordinator");
    const bus = withSeals(plain, readSeals(paths));
    try {
      for (;;) {
        try {
          if (await writeMembers(bus, { generation, peers, moved })) return;
          throw new BusError("not the next", "somebody else changed the peers just now");
        } catch (error) {
          if (!(error instanceof BusError) || performance.now() > limit) throw error;
        }
        await pause(askAgainMs);
      }
    } finally {
      await bus.close();
    }
  } catch (error) {
    if (!(error instanceof NexusError || error instanceof BusError)) throw error;
    output.note(
      `  the other peers could not be told (${error.message}); they accept nothing any more: end them there with nexus-coord stop${workspaceFlags(paths.name)}\n`,
    );
  }
}
