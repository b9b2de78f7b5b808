import type { Members } from "../../shared/broker/peers/members.ts";
import { type PeersFile, writePeers } from "../../shared/broker/peers/peers.ts";
import { isServing, runningBroker } from "../../shared/broker/server/broker-info.ts";
import { signalProcess } from "../../shared/broker/server/tied-process.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";

/** Stores a newer list of peers on this machine and has its server reload it; false if the list is not newer. */
export function adoptMembers(paths: WorkspacePaths, file: PeersFile, members: Members): boolean {
  if (members.generation <= file.generation) return false;
  writePeers(paths, { ...file, generation: members.generation, peers: members.peers });
  const broker = runningBroker(paths);
  if (broker && isServing(broker)) signalProcess(broker.guard, "SIGHUP");
  return true;
}
