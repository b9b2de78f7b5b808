import type { PeersFile } from "../../shared/broker/peers/peers.ts";
import { type ExternalBroker, externalJoinLine } from "../../shared/broker/server/external-broker.ts";
import type { HeldBroker } from "../../shared/broker/server/server.ts";
import type { TlsSettings } from "../../shared/broker/tls/tls-settings.ts";
import type { QuotaLimits } from "../../shared/domain/quotas.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ProcessIdentity } from "../../shared/machine/process-identity.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import type { HandedOut } from "../endpoint/bootstrap.ts";
import { livingEndpoint, removeEndpoint, writeEndpoint } from "../endpoint/endpoint.ts";
import { joinLine } from "../endpoint/join-lines.ts";
import type { PackageChoice } from "../endpoint/package-choice.ts";
import type { SearchesFrom } from "../own-search/own-searches.ts";
import type { EventLog } from "./event-log.ts";

export interface CoordinatorOptions {
  readonly paths: WorkspacePaths;
  /** `host:port` for the broker; undefined: loopback, the port of the last start. */
  readonly listen: string | undefined;
  /** How the broker encrypts. */
  readonly tls: TlsSettings;
  readonly external: ExternalBroker | null;
  /** Copies of each stream on someone else's broker; our own has one for each peer. */
  readonly replicas?: number | undefined;
  readonly leaseMs: number;
  /** Whose own searches it starts. */
  readonly ownSearch: SearchesFrom;
  /** How long the broker outlives a coordinator that is killed. */
  readonly lingerMs: number;
  /** Where workers of this version are handed out. */
  readonly package: PackageChoice;
}

/** What a coordinator's process has from its start to its end, whether it leads or not. */
export interface Station extends CoordinatorOptions {
  readonly log: Log;
  readonly events: EventLog;
  readonly own: ProcessIdentity;
  /** The machine, as other coordinators know it. */
  readonly host: string;
  readonly peers: PeersFile | undefined;
  /** Our own broker; undefined: somebody else's. */
  readonly held: HeldBroker | undefined;
  readonly handedOut: HandedOut | undefined;
  /** The quotas that hold now; each call reads their file anew. */
  readonly quotas: () => QuotaLimits;
}

/** Lets commands on this machine find the coordinator that leads. */
export function announce(station: Station, url: string): void {
  const { own, held, paths, leaseMs, lingerMs, replicas, ownSearch, handedOut } = station;
  writeEndpoint(paths, {
    coordinator: own,
    url: held?.url ?? url,
    joinLine: held ? joinLine(paths, held.host, held.port) : externalJoinLine(paths, { url }),
    since: Date.now(),
    settings: { leaseMs, lingerMs, replicas, ownSearch },
    handedOut,
  });
}

/**
 * The same when a coordinator begins or ceases to lead. A peer's was announced when it started, and its lead must not end because
 * a disk is full.
 */
export function announceLead(station: Station, url: string, leads: boolean): void {
  const { peers, held, paths, own, log } = station;
  if (!peers || !held) {
    if (leads) announce(station, url);
    else removeEndpoint(paths, own);
    return;
  }
  try {
    announcePeer(station, url);
  } catch (error) {
    log.error(`commands on this machine may have an old join line: ${messageOf(error)}`);
  }
}

/** Lets commands on this machine find a peer's coordinator, whether it leads or stands by. */
export function announcePeer(station: Station, url: string): void {
  const running = livingEndpoint(station.paths);
  if (!running || running.coordinator.pid === station.own.pid) announce(station, url);
}
