import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { isWorkspaceName } from "../domain/names.ts";
import { UsageError } from "../errors.ts";

/** Where a workspace keeps what on this machine. Everything lies in `dir`, which only its owner may enter. */
export interface WorkspacePaths {
  readonly name: string;
  readonly dir: string;
  /** JetStream's files: the only copy of the workspace's data, unless it has peers. */
  readonly store: string;
  readonly logs: string;
  /** Of this machine's coordinators. */
  readonly coordinatorLog: string;
  /** Passwords, and the server's configuration, which holds them too. */
  readonly secrets: string;
  /** One file per process that needs the broker. */
  readonly holders: string;
  /** Taken by the broker's guard for as long as a server may write to `store`. */
  readonly brokerLock: string;
  /** Which broker runs, if one does. */
  readonly brokerInfo: string;
  /** The port of the last start, so that workers find the broker where it was. */
  readonly brokerPort: string;
  /** Given up on a full disk, so that broker.json can say so. */
  readonly brokerBallast: string;
  /** For people to edit: `{"diskReserveMb": 256}`. */
  readonly brokerSettings: string;
  /** The newest sequences that were seen stored, by which a store that lost its end is recognised. */
  readonly storeMark: string;
  /** The machines that the workspace lives on, and what they share; missing where it lives on this one alone. */
  readonly peers: string;
  /** What happened, for people, as the leader on this machine has recorded it. */
  readonly eventLog: string;
  /** The guard's words; what nats-server says itself is in `serverLog`. */
  readonly brokerLog: string;
  readonly serverLog: string;
  readonly serverConfiguration: string;
  /** The part of the configuration that changes while the server runs: the workers' account. */
  readonly workersConfiguration: string;
  /** By which commands on this machine find the coordinator. */
  readonly endpoint: string;
  /** Which broker of someone else's the last start used; missing where it was one of our own. */
  readonly externalBroker: string;
}

/**
 * Paths of the workspace called `name`; nothing is created.
 *
 * @param env  XDG_DATA_HOME is obeyed when it is absolute, as its specification demands; otherwise ~/.local/share
 * @throws UsageError when the name is not lower-case letters, digits, dashes and underscores, at most 32, a letter first
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

/** The workspace in a folder that is known already. */
export function workspaceAt(dir: string): WorkspacePaths {
  const secrets = join(dir, "secrets");
  const logs = join(dir, "logs");
  return {
    name: basename(dir),
    dir,
    store: join(dir, "store"),
    logs,
    secrets,
    holders: join(dir, "holders"),
    brokerLock: join(dir, "broker.lock"),
    brokerInfo: join(dir, "broker.json"),
    brokerPort: join(dir, "broker-port.json"),
    brokerBallast: join(dir, "broker.ballast"),
    brokerSettings: join(dir, "broker-settings.json"),
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

/** What a printed command must add to reach that workspace: "" or " --workspace lab". */
export const workspaceFlags = (name: string): string => (name === "ws1" ? "" : ` --workspace ${name}`);

/** Makes the workspace's folders, 0700, if they are not there. */
export function createWorkspace(paths: WorkspacePaths): void {
  const folders = [paths.dir, paths.store, paths.logs, paths.secrets, paths.holders];
  try {
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    // The folder may be older than this program, or made by hand with an open umask.
    chmodSync(paths.dir, 0o700);
    chmodSync(paths.secrets, 0o700);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `cannot make the workspace in ${paths.dir} (${why}); set XDG_DATA_HOME to a folder that you may write to`,
      { cause },
    );
  }
}

/** Writes a file that only its owner may read, mode 0600. A reader sees the old text or the new one, also after a power cut. */
export function writeSecretFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

/** Undefined for a file that is missing or is no JSON. */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function homeOf(env: NodeJS.ProcessEnv): string {
  const { HOME: home } = env;
  return home && isAbsolute(home) ? home : homedir();
}
