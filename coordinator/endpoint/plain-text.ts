import { isLoopback, parseAddress } from "../../shared/broker/address.ts";
import { readPeers } from "../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import type { ExternalBroker } from "../../shared/broker/server/external-broker.ts";
import { parseServerUrl } from "../../shared/broker/server-url.ts";
import { rememberedTls } from "../../shared/broker/tls/tls-settings.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";

/** The warning of every view if the workspace's messages cross the network in plain text; null if they do not. */
export function plainTextWarning(paths: WorkspacePaths, external: ExternalBroker | null): string | null {
  if (external) {
    const { scheme, servers } = parseServerUrl(external.url);
    const isFar = servers.some((server) => !isLoopback(parseAddress(server.replace(/^.*@/, ""))?.host ?? ""));
    if (scheme !== "nats" || !isFar) return null;
    return "warning: not encrypted, unless the NATS server demands it; to demand it, write tls:// in the place of nats://";
  }
  const peers = readPeers(paths);
  const broker = runningBroker(paths);
  const hosts = peers ? peers.peers.map(({ host }) => host) : broker ? [broker.host] : [];
  const isPlain = peers ? rememberedTls(paths).insecure : (broker?.url.startsWith("nats:") ?? false);
  if (!isPlain || hosts.every(isLoopback)) return null;
  const flags = workspaceFlags(paths.name);
  return (
    "warning: not encrypted: everyone on the network's way can read and change what passes; " +
    `to encrypt: nexus-coord stop${flags}; nexus-coord${flags} --tls-cert own`
  );
}
