import { rmSync } from "node:fs";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { askJetStream, streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import { openBackup } from "../../shared/broker/copies/backup-file.ts";
import { unpackWorkspace } from "../../shared/broker/copies/workspace-copy.ts";
import { keptStreamInfos } from "../../shared/broker/peers/cluster.ts";
import { type PeersFile, writePeers } from "../../shared/broker/peers/peers.ts";
import { currentMark, writeMark } from "../../shared/broker/store/store-mark.ts";
import { streamPlans } from "../../shared/broker/store/streams.ts";
import { pause } from "../../shared/deadline.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";

/** Makes the peers' streams from the workspace that `nexus move` has packed. Interrupted, it begins anew. */
export async function fillStreams(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: PeersFile,
  fill: string,
): Promise<void> {
  const backup = openBackup(fill);
  try {
    // Of a try that was interrupted; nobody but this machine makes streams, and no worker is admitted yet.
    for (const { name } of await streamPlans(null)) {
      if (await streamInfo(bus, name)) await askJetStream(bus, `STREAM.DELETE.${name}`);
    }
    await unpackWorkspace(bus, backup, paths.store, file.peers.length);
    await untilCopied(bus, file.peers.length);
    writeMark(paths, await currentMark(bus));
  } finally {
    backup.close();
  }
  streamsAreFull(paths, file);
}

const copiedWithinMs = 60_000;
const lookEveryMs = 250;

/** A copy that is still being made would be read as a journal that lacks its beginning. */
async function untilCopied(bus: CoordinatorBus, copies: number): Promise<void> {
  const limit = performance.now() + copiedWithinMs;
  while (performance.now() < limit) {
    const infos = await keptStreamInfos(bus);
    if (infos.every((info) => info?.replicas.filter(({ isCurrent }) => isCurrent).length === copies)) return;
    await pause(lookEveryMs);
  }
}

export function streamsAreFull(paths: WorkspacePaths, { fill, ...file }: PeersFile): void {
  if (fill === undefined) return;
  writePeers(paths, file);
  rmSync(fill, { force: true });
}
