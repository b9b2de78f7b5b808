import { rmSync } from "node:fs";
import type { CoordinatorBus } from "../../shared/broker/bus.ts";
import { openStreams } from "../../shared/broker/closed-streams.ts";
import { readRoleSecret } from "../../shared/broker/credentials.ts";
import { writeMembers } from "../../shared/broker/members.ts";
import { type PeersFile, peerAddress, peerUrls, selfOf } from "../../shared/broker/peers.ts";
import { setAside } from "../../shared/broker/workspace-copy.ts";
import { connectAs } from "../../shared/broker/workspace-link.ts";
import { pause } from "../../shared/deadline.ts";
import { NexusError } from "../../shared/errors.ts";
import { BusError } from "../../shared/ports.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";
import { stopCoordinator } from "../launch.ts";
import { type Consent, checkUnused, packForGood, stayHere } from "./move-pack.ts";
import type { Output } from "./output.ts";
import { restoreInto } from "./restore.ts";
import type { Scope } from "./scope.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus move --to-single`: this machine alone has the workspace from now on; the other peers end. */
export async function moveToSingle(scope: Scope, consent: Consent, output: Output): Promise<void> {
  const { paths } = scope;
  const file = peersOf(scope);
  const self = peerAddress(selfOf(file));
  await consent(
    `workspace ${paths.name} moves to ${self} alone: its disk is the only copy, and the other peers end; workers train on meanwhile`,
  );
  const packed = await packForGood(scope);
  try {
    await stopCoordinator(paths);
    checkUnused(paths);
  } catch (error) {
    await stayHere(scope, packed);
    throw error;
  }
  const aside = setAside(paths, "moved");
  try {
    const { state } = await restoreInto(paths, packed);
    output.result(`${paths.name} lives on this machine alone: journal to record ${state.seq}\n`);
  } catch (error) {
    aside.undo();
    await overOthers(paths, file, openStreams);
    rmSync(packed, { force: true });
    throw error;
  }
  try {
    const moved = `has moved to ${self} alone; type it there, or use that machine's nexus`;
    await overOthers(paths, file, (bus) =>
      writeMembers(bus, { generation: file.generation, peers: file.peers, moved }),
    );
  } catch (error) {
    if (!(error instanceof NexusError || error instanceof BusError)) throw error;
    output.note(
      `  the other peers could not be told (${error.message}); they take nothing any more: end them there with nexus-coord stop\n`,
    );
  }
  rmSync(packed, { force: true });
  output.note(
    `to go on, where workers look for it:\nnexus-coord --listen ${self}${scope.flags}\n` +
      `  what was here is kept in ${aside.folder}; remove it when all is well\n`,
  );
}

/** The others may have to choose who leads them, now that this machine's server has ended. */
const patienceMs = 30_000;
const askAgainMs = 500;

async function overOthers(
  paths: WorkspacePaths,
  file: PeersFile,
  act: (bus: CoordinatorBus) => Promise<unknown>,
): Promise<void> {
  const others = { peers: file.peers.filter(({ id }) => id !== file.self), self: file.self };
  const limit = performance.now() + patienceMs;
  const bus = await connectAs(peerUrls(others), readRoleSecret(paths, "coordinator"), "coordinator");
  try {
    for (;;) {
      try {
        await act(bus);
        return;
      } catch (error) {
        if (!(error instanceof BusError) || performance.now() > limit) throw error;
      }
      await pause(askAgainMs);
    }
  } finally {
    await bus.close();
  }
}
