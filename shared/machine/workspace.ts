import { chmodSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { isWorkspaceName } from "../domain/names.ts";
import { messageOf, UsageError } from "../errors.ts";

/**
 * Where a workspace keeps its files on this machine: `$XDG_DATA_HOME/nexus/<workspace>/`, which only its owner may
 * enter. A worker keeps its files below `$XDG_STATE_HOME/nexus/workers/<workspace>/<machine>/<name>/`: `identity.json`
 * (the key's seed), `spool/`, `runs/<job>/<run>/`, `held/<job>/<run>/` (runs of jobs with `hold`, until these are
 * released), `states/<job>/<run>/` (what earlier attempts left), `worker.log`, `worker.lock`. If it has joined a second server with that workspace's name, there is a `<name>.<digest>/` beside it.
 */
export interface WorkspacePaths {
  readonly name: string;
  readonly dir: string;
  /** JetStream's files: the only copy of the workspace's data, unless it has peers. */
  readonly store: string;
  readonly logs: string;
  /** Working folders of users' own searches; nothing in them outlives the searches' processes. */
  readonly searches: string;
  /** Log of this machine's coordinators. */
  readonly coordinatorLog: string;
  /** Passwords, and the server's configuration, which holds them too. */
  readonly secrets: string;
  /** One file per process that needs the broker. */
  readonly holders: string;
  /** Lock held by the broker's guard for as long as a server may write to `store`. */
  readonly brokerLock: string;
  /** Describes the broker that runs, if one does. */
  readonly brokerInfo: string;
  /** The broker's port at its last start, so that workers find it there again. */
  readonly brokerPort: string;
  /** Removed when the disk is full, to make room for broker.json, which says so. */
  readonly brokerBallast: string;
  /** For people to edit: `{"diskReserveMb": 256}`. */
  readonly brokerSettings: string;
  /** The options `--insecure`, `--tls-cert` and `--listen-wss` of the last start. */
  readonly brokerTls: string;
  /** Workers' quotas that differ from the usual ones: `{"messages": "40/2000"}`. */
  readonly quotas: string;
  /** The newest sequences seen in the store; they reveal a store that lost its end. */
  readonly storeMark: string;
  /** The machines that the workspace lives on, and their shared secrets; missing if it lives on this one only. */
  readonly peers: string;
  /** Log of events for people, written by the leader on this machine. */
  readonly eventLog: string;
  /** The guard's log; nats-server writes `serverLog`. */
  readonly brokerLog: string;
  readonly serverLog: string;
  readonly serverConfiguration: string;
  /** The workers' account: the part of the configuration that changes while the server runs. */
  readonly workersConfiguration: string;
  /** How commands on this machine find the coordinator. */
  readonly endpoint: string;
  /** The external broker that the last start used; missing if the broker was our own. */
  readonly externalBroker: string;
}

/**
 * Paths of the workspace called `name`; nothing is created.
 *
 * @param env  XDG_DATA_HOME counts if it is absolute, as its specification demands; otherwise ~/.local/share
 * @throws UsageError for a name that is not up to 32 lower-case letters, digits, dashes and underscores, a letter first
 */
export function workspacePaths(name = "ws1", env: NodeJS.ProcessEnv = process.env): WorkspacePaths {
  if (!isWorkspaceName(name)) {
    throw new UsageError(
      `workspace "${name}": expected lower-case letters, digits, "-" and "_", at most 32, a letter first; for example ws1`,
    );
  }
  const { XDG_DATA_HOME: dataHome } = env;
  const data = dataHome && isAbsolute(dataHome) ? dataHome : join(homeOf(env), ".local", "share");
  return workspaceAt(join(data, "nexus", name));
}

/** Paths of the workspace in this folder. */
export function workspaceAt(dir: string): WorkspacePaths {
  const secrets = join(dir, "secrets");
  const logs = join(dir, "logs");
  return {
    name: basename(dir),
    dir,
    store: join(dir, "store"),
    logs,
    searches: join(dir, "searches"),
    secrets,
    holders: join(dir, "holders"),
    brokerLock: join(dir, "broker.lock"),
    brokerInfo: join(dir, "broker.json"),
    brokerPort: join(dir, "broker-port.json"),
    brokerBallast: join(dir, "broker.ballast"),
    brokerSettings: join(dir, "broker-settings.json"),
    brokerTls: join(dir, "broker-tls.json"),
    quotas: join(dir, "quotas.json"),
    storeMark: join(dir, "store-mark.json"),
    peers: join(secrets, "peers.json"),
    coordinatorLog: join(logs, "coordinator.log"),
    eventLog: join(logs, "events.log"),
    brokerLog: join(logs, "broker.log"),
    serverLog: join(logs, "nats-server.log"),
    serverConfiguration: join(secrets, "nats-server.conf"),
    workersConfiguration: join(secrets, "workers.conf"),
    endpoint: join(dir, "endpoint.json"),
    externalBroker: join(dir, "external-broker.json"),
  };
}

/** The option that a printed command needs for this workspace: "" or " --workspace lab". */
export const workspaceFlags = (name: string): string => (name === "ws1" ? "" : ` --workspace ${name}`);

/** Creates the workspace's folders, 0700, unless they exist. @throws UsageError if it cannot */
export function createWorkspace(paths: WorkspacePaths): void {
  const folders = [paths.dir, paths.store, paths.logs, paths.secrets, paths.holders];
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The folder may be older than this program, or made by hand with an open umask.
    chmodSync(paths.dir, 0o700);
    chmodSync(paths.secrets, 0o700);
  } catch (cause) {
    const why = messageOf(cause);
    throw new UsageError(
      `cannot create the workspace in ${paths.dir} (${why}); set XDG_DATA_HOME to a folder that you may write to`,
      { cause },
    );
  }
}

function homeOf(env: NodeJS.ProcessEnv): string {
  const { HOME: home } = env;
  return home && isAbsolute(home) ? home : homedir();
}
