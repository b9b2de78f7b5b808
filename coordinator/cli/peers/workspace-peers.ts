import { type PeersFile, readPeers } from "../../../shared/broker/peers/peers.ts";
import { UnreachableError, UsageError } from "../../../shared/errors.ts";
import type { Scope } from "../../operator/scope.ts";

/** The machines that hold the workspace. @throws UsageError if it has no peers, UnreachableError if it has moved */
export function peersOf({ paths, external, flags }: Scope): PeersFile {
  if (external) {
    throw new UsageError(
      `workspace ${paths.name} lives on the NATS servers at ${external.url}, which somebody else looks after`,
    );
  }
  const file = readPeers(paths);
  if (!file) {
    throw new UsageError(
      `this machine knows of no peers of workspace ${paths.name}\n  to move the workspace from here to peers: nexus move --to-peers a,b,c${flags}`,
    );
  }
  if (file.moved !== undefined) throw new UnreachableError(`workspace ${paths.name} ${file.moved}`);
  return file;
}
