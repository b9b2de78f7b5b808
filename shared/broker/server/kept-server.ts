import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "../../errors.ts";
import type { ProcessIdentity } from "../../machine/process-identity.ts";
import { readIfThere, writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import {
  type ClusterSettings,
  exportsPiecesInOrder,
  isWorkersConfiguration,
  serverConfiguration,
  withoutPiecesInOrder,
  workersConfiguration,
} from "../access/accounts.ts";
import { ensureRoleSecrets, operatorName } from "../access/credentials.ts";
import { addressText } from "../address.ts";
import { isAtLeast, type NatsServerBinary } from "../install/nats-server-version.ts";
import { type PeersFile, readPeers, selfOf } from "../peers/peers.ts";
import { type Door, openDoor } from "../tls/door.ts";
import type { TlsSettings } from "../tls/tls-settings.ts";
import { cannotListen } from "./listen.ts";
import { type NatsProcess, PortTakenError, readFrom, StartRefusedError, sizeOf, startNats } from "./nats-process.ts";
import { choosePort, type PortChoice } from "./port-choice.ts";
import { signalProcess } from "./tied-process.ts";
import { keepAccepted, mostLeftOut, substitutes, withoutRefused } from "./users-file.ts";

/**
 * The memory limit for nats-server, in MiB. The server keeps what it has read for ten seconds, and Go keeps garbage of
 * the same size beside it. With the limit, reading 1 GB in 25 s took it to 510 MB instead of 890, and 500 MB in 3 s to
 * 530 instead of 860, for the same processor time (2.10.27, 2026-11-28). The limit must lie above what the server
 * always needs, or collecting would never end: 0.1 MB for each waiting worker, and up to 0.4 KB for each subject in the
 * store (144 MB for 400,000; a run has at least two), which is ten times the size of the index on the disk.
 *
 * A newer server lets the collector take what it has kept: of 500 MB that a worker fetched, 2.15.1 kept 134 MB under a
 * limit of 128, and 199 under one of 512, for the same processor time. 2.10.27 kept 244 under 150, for half as much
 * again (2026-11-28).
 */
function memoryFor({ workersConfiguration: workers, store }: WorkspacePaths, version: string): number {
  const files = existsSync(store) ? readdirSync(store, { recursive: true, encoding: "utf8" }) : [];
  const indexes = files.filter((file) => basename(file) === "index.db").map((file) => sizeOf(join(store, file)));
  const indexBytes = indexes.reduce((sum, bytes) => sum + bytes, 0);
  const workersThere = readFileSync(workers, "utf8").split("nkey:").length;
  const least = isAtLeast(version, 2, 15) ? 128 : 512;
  return least + Math.floor(workersThere / 2 + indexBytes / 1e5);
}

const backOffMs = { first: 200, most: 5000 };
/** How many ports to try: each may be taken between the check and the server's start. */
const portTries = 6;

interface KeptServerOptions {
  readonly paths: WorkspacePaths;
  readonly binary: NatsServerBinary;
  readonly host: string;
  readonly tls: TlsSettings;
  log(line: string): void;
  /** The server has ended by itself. */
  onEnded(): void;
  /** A restart is due: `isDue` may be true by now. */
  onDue(): void;
}

/** The workspace's nats-server: its configuration, its start, and when it may be started again after it died. */
export class KeptServer {
  readonly #options: KeptServerOptions;
  #server: NatsProcess | undefined;
  #port = 0;
  #serverName: string | undefined;
  #retryAt = 0;
  #backOff = backOffMs.first;
  #logSeen = 0;
  #door: Door | undefined;
  #certificatesSeen = "";

  constructor(options: KeptServerOptions) {
    this.#options = options;
  }

  /** Where it listens, or last did. */
  get port(): number {
    return this.#port;
  }

  /** How clients know it; undefined before its first start. */
  get door(): Door | undefined {
    return this.#door;
  }

  /** Null while it is down. */
  get identity(): ProcessIdentity | null {
    return this.#server?.identity ?? null;
  }

  /** Whether it is down and may be started. */
  get isDue(): boolean {
    return this.#server === undefined && performance.now() >= this.#retryAt;
  }

  /** @throws BrokerError if it cannot listen, or does not start */
  async start(wanted: number | undefined): Promise<PortChoice> {
    const { paths, host } = this.#options;
    for (let left = portTries; ; left -= 1) {
      const choice = await choosePort(paths, host, wanted);
      try {
        this.#port = choice.port;
        await this.#start();
        return choice;
      } catch (error) {
        if (!(error instanceof PortTakenError) || left === 1) throw error;
        if (wanted !== undefined) throw cannotListen({ host, port: wanted }, "EADDRINUSE");
      }
    }
  }

  /** Starts it on the port that it had. Returns whether it runs. */
  async restart(): Promise<boolean> {
    try {
      await this.#start();
      this.#options.log("the server is up again");
      return true;
    } catch (error) {
      this.#options.log(`the server does not start: ${messageOf(error)}`);
      this.#delayRestart();
      return false;
    }
  }

  async #start(): Promise<void> {
    const {
      serverConfiguration: configuration,
      serverLog,
      brokerLog: output,
      workersConfiguration: workers,
    } = this.#options.paths;
    const { host } = this.#options;
    const port = this.#port;
    const serverName = this.#configure();
    // Until the leader has published the workers of a store that another version left, none may connect.
    const left = readIfThere(workers) ?? "";
    const { path: binary, version } = this.#options.binary;
    if (!isWorkersConfiguration(left))
      writeSecretFile(
        workers,
        workersConfiguration({ workers: [], invites: [] }, () => undefined),
      );
    // The server may be newer than the one for which the file was written, or have got peers.
    else if (isAtLeast(version, 2, 11) || !exportsPiecesInOrder(readFileSync(configuration, "utf8")))
      writeSecretFile(workers, withoutPiecesInOrder(left));
    this.#logSeen = sizeOf(serverLog);
    const server = await this.#startWithUsers(() =>
      startNats({
        binary,
        configuration,
        serverName,
        host,
        port,
        serverLog,
        output,
        memoryMb: memoryFor(this.#options.paths, version),
      }),
    );
    const upSince = performance.now();
    this.#server = server;
    this.#options.log(
      `nats-server ${version} answers on ${addressText({ host, port })}, process ${server.identity.pid}`,
    );
    void server.ended.then((how) => {
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#options.log(`the server ended by itself: ${how}`);
      if (performance.now() - upSince > backOffMs.most) this.#backOff = backOffMs.first;
      this.#delayRestart();
      this.#options.onEnded();
    });
  }

  /** Starts it without the users that it refuses: one bad entry must not keep everybody out. */
  async #startWithUsers(start: () => Promise<NatsProcess>): Promise<NatsProcess> {
    const { paths, log } = this.#options;
    const file = paths.workersConfiguration;
    const whole = readFileSync(file, "utf8");
    const others = [...substitutes(paths)];
    let text = whole;
    let first: StartRefusedError | undefined;
    for (let left = mostLeftOut; ; left -= 1) {
      try {
        const server = await start();
        keepAccepted(paths);
        return server;
      } catch (error) {
        if (!(error instanceof StartRefusedError)) throw error;
        first ??= error;
        const { complaint } = error;
        const rest = left > 0 ? withoutRefused(text, complaint) : undefined;
        const next = rest ?? others.shift();
        if (!next) break;
        if (rest) log(`nats-server refuses the entry of ${rest.whose} (${complaint}); it is left out`);
        else if ("what" in next) log(`nats-server does not start (${complaint}); ${next.what}`);
        text = next.text;
        writeSecretFile(file, text);
      }
    }
    // It was not the list.
    writeSecretFile(file, whole);
    throw first;
  }

  #delayRestart(): void {
    this.notBefore(this.#backOff);
    setTimeout(() => this.#options.onDue(), this.#backOff);
    this.#backOff = Math.min(this.#backOff * 2, backOffMs.most);
  }

  /** Makes it due after `ms` at the earliest. */
  notBefore(ms: number): void {
    this.#retryAt = performance.now() + ms;
  }

  /**
   * Writes the server's configuration; returns the name it will have.
   *
   * @param keptName  of a server that runs: it cannot change its name
   */
  #configure(keptName?: string): string {
    const paths = this.#options.paths;
    const { host, tls } = this.#options;
    const peers = readPeers(paths);
    const door = this.#openDoor();
    const cluster = peers && clusterOf(peers, door);
    // In a cluster the name identifies the disk, so it stays. Otherwise it must reveal nothing: the server tells it to everybody
    // who connects, before they log in.
    const serverName = cluster?.self.id ?? keptName ?? randomBytes(12).toString("hex");
    this.#serverName = serverName;
    const text = serverConfiguration({
      serverName,
      cluster,
      host,
      port: this.#port,
      tls: door.clients,
      webSockets: door.webSockets && tls.wss ? { ...door.webSockets, ...tls.wss } : undefined,
      storeDir: paths.store,
      logFile: paths.serverLog,
      workersFile: basename(paths.workersConfiguration),
      secrets: ensureRoleSecrets(paths),
      refusesFloods: isAtLeast(this.#options.binary.version, 2, 11),
      operator: operatorName(),
    });
    writeSecretFile(paths.serverConfiguration, text);
    return serverName;
  }

  #openDoor(): Door {
    const { paths, host, tls, log } = this.#options;
    try {
      this.#door = openDoor(paths, tls, host, readPeers(paths));
      this.#certificatesSeen = certificatesOf(this.#door);
    } catch (error) {
      // A server that died must come back, with the certificates that it had.
      if (!this.#door) throw error;
      log(`the certificates stay as they are: ${messageOf(error)}`);
    }
    return this.#door;
  }

  /** The peers or the passwords have changed: a running server reads them. */
  reconfigure(): void {
    try {
      if (!this.#server) return;
      this.#configure(this.#serverName);
      signalProcess(this.#server.identity, "SIGHUP");
    } catch (error) {
      this.#options.log(`the configuration was not changed: ${messageOf(error)}`);
    }
  }

  /** Renews certificates that are about to end, or takes given ones that have changed; a running server reads them. */
  renewCertificates(): void {
    if (!this.#server) return;
    const before = this.#certificatesSeen;
    this.#openDoor();
    if (this.#certificatesSeen === before) return;
    this.#options.log("the certificates are new");
    signalProcess(this.#server.identity, "SIGHUP");
  }

  /** What the server has logged since the last call. */
  said(): string {
    const said = readFrom(this.#options.paths.serverLog, this.#logSeen);
    this.#logSeen = sizeOf(this.#options.paths.serverLog);
    return said;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.stop();
  }

  /** Ends it at once, without one more write. */
  kill(): void {
    if (this.#server) process.kill(this.#server.identity.pid, "SIGKILL");
  }
}

function clusterOf(file: PeersFile, { routes: tls }: Door): ClusterSettings {
  const { cluster: name, peers, routeSecret, systemPassword } = file;
  return { name, self: selfOf(file), peers, routeSecret, systemPassword, tls };
}

const certificatesOf = ({ clients, webSockets, routes }: Door): string =>
  [clients, webSockets, routes].map((files) => (files ? (readIfThere(files.chain) ?? "") : "")).join();
