import { appendFileSync, copyFileSync, existsSync, type FSWatcher, statSync, truncateSync, watch } from "node:fs";
import { basename } from "node:path";
import { BrokerError } from "../../errors.ts";
import { type HeldLock, takeLock } from "../../machine/lock-file.ts";
import { ownIdentity } from "../../machine/process-identity.ts";
import { type WorkspacePaths, workspaceAt, writeSecretFile } from "../../machine/workspace.ts";
import { type ClusterSettings, serverConfiguration, workersConfiguration } from "../access/accounts.ts";
import { ensureRoleSecrets, operatorName } from "../access/credentials.ts";
import type { NatsServerBinary } from "../install/nats-server-version.ts";
import { readPeers, selfOf } from "../peers/peers.ts";
import { Alarm } from "./alarm.ts";
import { Ballast } from "./ballast.ts";
import {
  type BrokerInfo,
  guardPurpose,
  localHost,
  localUrl,
  removeBrokerInfo,
  writeBrokerInfo,
} from "./broker-info.ts";
import { diskTrouble, saysDiskFull } from "./disk.ts";
import { FormerPort } from "./former-port.ts";
import { forget, takeCensus } from "./holders.ts";
import { cannotListen, choosePort, listenText, probePort } from "./listen.ts";
import { endLeftServers, type NatsProcess, PortTakenError, readFrom, sizeOf, startNats } from "./nats-process.ts";
import { formerPorts, rememberedListen, rememberListen } from "./remembered-listen.ts";
import { signalProcess } from "./tied-process.ts";

/**
 * The program that owns a workspace's nats-server: `node guard.js <workspace folder> <options as JSON>`, in a session of
 * its own. It holds the store's lock, restarts a server that dies, keeps it off a full disk, and ends it when nobody needs
 * it. The server ends when this program is killed, so that only this program's lock counts.
 */
export interface GuardOptions {
  readonly binary: NatsServerBinary;
  readonly host: string;
  /** Listen on this one or fail; otherwise on the last one if it is free. */
  readonly port?: number;
  /** A coordinator starts it: where it listens is remembered, and its former ports lead to it. */
  readonly isLasting: boolean;
}

/** What the guard tells who started it, once. */
export type GuardMessage =
  | { readonly kind: "ready"; readonly info: BrokerInfo; readonly notes: readonly string[] }
  /** Another guard was first. */
  | { readonly kind: "locked" }
  | { readonly kind: "failed"; readonly message: string };

const lookEveryMs = 1000;
const backOffMs = { first: 200, most: 5000, fullDisk: 2000 };
const holdersGraceMs = 10_000;
const logLimitBytes = 1_000_000;

class Guard {
  readonly #paths: WorkspacePaths;
  readonly #options: GuardOptions;
  readonly #lock: HeldLock;
  readonly #alarm = new Alarm();
  readonly #ballast: Ballast;
  readonly #startedAt = new Date().toISOString();
  readonly #notes: string[] = [];
  #port = 0;
  #server: NatsProcess | undefined;
  readonly #former: FormerPort[] = [];
  /** The port that it wished for and did not get. */
  #taken: number | undefined;
  #trouble: string | null = null;
  /** Monotonic ms at which the broker ends though somebody holds it; after it was told to, it does not linger. */
  #endAt = Number.POSITIVE_INFINITY;
  /** Monotonic ms until which the broker stays up for a coordinator that died. */
  #lingerUntil = 0;
  #retryAt = 0;
  #backOff = backOffMs.first;
  #logSeen = 0;

  constructor(paths: WorkspacePaths, options: GuardOptions, lock: HeldLock) {
    this.#paths = paths;
    this.#options = options;
    this.#lock = lock;
    this.#ballast = new Ballast(paths.brokerBallast);
  }

  async start(): Promise<void> {
    // Before anybody learns of us: a signal without its handler would end us, and the server with us.
    // A service manager sends SIGTERM to a coordinator and to us at the same time; the coordinator has things to store.
    process.on("SIGTERM", () => this.#endWithin("SIGTERM", holdersGraceMs));
    process.on("SIGINT", () => this.#endWithin("SIGINT", 0));
    process.on("SIGHUP", () => this.#reconfigure());
    const left = await endLeftServers(this.#paths.serverConfiguration);
    if (left > 0) this.#log(`ended ${left} server(s) that an earlier guard had left`);
    forget(takeCensus(this.#paths).dead);
    const trouble = diskTrouble(this.#paths);
    if (trouble) throw new BrokerError(trouble);
    await this.#startSomewhere();
    if (this.#options.isLasting) {
      await this.#openFormerPorts();
      rememberListen(this.#paths, { host: this.#options.host, port: this.#port });
    }
    this.#publish();
  }

  /** Returns when nobody needs the broker any more and its server has ended. */
  async watchOver(): Promise<void> {
    const watchers = this.#watchFolders();
    while (!this.#isOver()) {
      await this.#care();
      const lingering = this.#lingerUntil - performance.now();
      await this.#alarm.within(lingering > 0 ? Math.min(lingering, lookEveryMs) : lookEveryMs);
    }
    for (const watcher of watchers) watcher.close();
    await this.stop();
  }

  #endWithin(signal: string, ms: number): void {
    this.#log(`got ${signal}`);
    this.#endAt = Math.min(this.#endAt, performance.now() + ms);
    setTimeout(() => this.#alarm.ring(), ms);
    this.#alarm.ring();
  }

  async stop(): Promise<void> {
    removeBrokerInfo(this.#paths);
    for (const port of this.#former.splice(0)) port.close();
    await this.#stopServer();
    this.#ballast.throwOff();
    this.#lock.release();
    this.#log("stopped");
  }

  readyMessage(): GuardMessage {
    return { kind: "ready", info: this.#info(), notes: this.#notes };
  }

  #isOver(): boolean {
    if (performance.now() >= this.#endAt) return true;
    const { living, dead } = takeCensus(this.#paths);
    const died = dead.filter(({ kind }) => kind === "coordinator");
    forget(dead);
    if (living.some(({ kind }) => kind === "coordinator")) {
      if (this.#lingerUntil > 0) this.#linger(0);
    } else if (died.length > 0) {
      const lingerMs = Math.max(...died.map((holder) => holder.lingerMs));
      this.#log(`the last coordinator died without a word; staying up for ${lingerMs / 1000} s`);
      if (lingerMs > 0) this.#linger(performance.now() + lingerMs);
    }
    const isLingering = performance.now() < this.#lingerUntil && this.#endAt === Number.POSITIVE_INFINITY;
    if (living.length > 0 || isLingering) return false;

    // A newcomer writes its holder file and then looks for broker.json; here the order is the other way round, so that
    // either it sees that the broker is going, or we see it.
    removeBrokerInfo(this.#paths);
    const late = takeCensus(this.#paths);
    if (late.living.length + late.dead.length === 0) return true;
    this.#publish();
    return false;
  }

  #linger(until: number): void {
    this.#lingerUntil = until;
    this.#publish();
  }

  async #care(): Promise<void> {
    if (!this.#lock.isMine()) {
      // Another machine took us for dead and may have a server on this store already: no clean end, not one more write.
      this.#log("the store's lock was taken away; killing the server");
      if (this.#server) process.kill(this.#server.identity.pid, "SIGKILL");
      process.exit(1);
    }
    this.#lock.touch();

    const trouble = this.#diskTrouble();
    if (trouble && this.#server) {
      this.#log(`stopping the server: ${trouble}`);
      await this.#stopServer();
      this.#retryAt = performance.now() + backOffMs.fullDisk;
    }
    const isWaiting = trouble !== null || performance.now() < this.#retryAt;
    if (trouble !== this.#trouble && (trouble !== null || !isWaiting)) {
      this.#trouble = trouble;
      this.#publish();
    }
    if (!this.#server && !isWaiting) await this.#restart();
  }

  #diskTrouble(): string | null {
    const said = readFrom(this.#paths.serverLog, this.#logSeen);
    this.#logSeen = sizeOf(this.#paths.serverLog);
    const trouble = diskTrouble(this.#paths);
    if (trouble) return trouble;
    return saysDiskFull(said)
      ? `no space left for the broker in ${this.#paths.store}; nothing is lost: free some space`
      : null;
  }

  async #restart(): Promise<void> {
    try {
      await this.#startServer(this.#port);
      this.#log("the server is up again");
      this.#publish();
    } catch (error) {
      this.#log(`the server does not start: ${textOf(error)}`);
      this.#delayRestart();
    }
  }

  #delayRestart(): void {
    this.#retryAt = performance.now() + this.#backOff;
    this.#backOff = Math.min(this.#backOff * 2, backOffMs.most);
    setTimeout(() => this.#alarm.ring(), this.#retryAt - performance.now());
  }

  async #startSomewhere(): Promise<void> {
    const { host, port: wanted } = this.#options;
    for (let triesLeft = 5; ; triesLeft--) {
      const port = wanted ?? (await this.#freePort());
      try {
        if (wanted !== undefined) {
          const probe = await probePort(host, wanted);
          if (!probe.free) throw cannotListen({ host, port: wanted }, probe.code);
        }
        this.#port = port;
        return await this.#startServer(port);
      } catch (error) {
        if (!(error instanceof PortTakenError) || triesLeft === 0) throw error;
        if (wanted !== undefined) throw cannotListen({ host, port: wanted }, "EADDRINUSE");
      }
    }
  }

  async #freePort(): Promise<number> {
    const { host } = this.#options;
    const remembered = rememberedListen(this.#paths)?.port;
    if (remembered !== undefined) {
      const probe = await probePort(host, remembered);
      if (probe.free) return remembered;
    }
    const probe = await choosePort(host);
    if (!probe.free) throw cannotListen({ host, port: remembered ?? 4222 }, probe.code);
    if (remembered !== undefined) {
      const where = listenText({ host, port: probe.port });
      this.#taken = remembered;
      this.#notes.push(
        `port ${remembered} is taken by another program; the broker listens on ${where} now; workers that joined before must be started with the new line`,
      );
    }
    return probe.port;
  }

  async #openFormerPorts(): Promise<void> {
    const { host } = this.#options;
    const target = { host: localHost(host), port: this.#port };
    for (const port of formerPorts(rememberedListen(this.#paths), this.#port)) {
      if (port === this.#taken) continue; // that is said already
      try {
        this.#former.push(await FormerPort.open({ host, port }, target));
        this.#log(`port ${port}, where the broker listened before, leads to ${listenText({ host, port: this.#port })}`);
      } catch (error) {
        this.#log(`port ${port}, where the broker listened before, cannot lead to it: ${textOf(error)}`);
        this.#notes.push(
          `workers that joined at port ${port} must be started with the new line: that port is taken by another program`,
        );
      }
    }
  }

  async #startServer(port: number): Promise<void> {
    const { binary, host } = this.#options;
    const paths = this.#paths;
    const serverName = this.#configure(port);
    if (!existsSync(paths.workersConfiguration)) {
      writeSecretFile(paths.workersConfiguration, workersConfiguration({ workers: [] }));
    }
    this.#logSeen = sizeOf(paths.serverLog);
    const { serverConfiguration: configuration, serverLog, brokerLog: output } = paths;
    const server = await startNats({ binary: binary.path, configuration, serverName, host, port, serverLog, output });
    const upSince = performance.now();
    this.#server = server;
    this.#log(`nats-server ${binary.version} answers on ${listenText({ host, port })}, process ${server.identity.pid}`);
    void server.ended.then((how) => {
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#log(`the server ended by itself: ${how}`);
      if (performance.now() - upSince > backOffMs.most) this.#backOff = backOffMs.first;
      this.#delayRestart();
      this.#publish();
    });
  }

  /** Writes the server's configuration; returns the name it will have. */
  #configure(port: number): string {
    const paths = this.#paths;
    // In a cluster the name says whose disk this is, so it stays.
    const cluster = clusterOf(paths);
    const serverName = cluster?.self.id ?? `nexus-${paths.name}-${process.pid}-${Date.now()}`;
    const text = serverConfiguration({
      serverName,
      cluster,
      host: this.#options.host,
      port,
      storeDir: paths.store,
      logFile: paths.serverLog,
      workersFile: basename(paths.workersConfiguration),
      secrets: ensureRoleSecrets(paths),
      operator: operatorName(),
    });
    writeSecretFile(paths.serverConfiguration, text);
    return serverName;
  }

  /** SIGHUP: the peers have changed; the server reads the new list of routes while it runs. */
  #reconfigure(): void {
    this.#log("got SIGHUP: writing the configuration anew");
    try {
      if (!clusterOf(this.#paths) || !this.#server) return;
      this.#configure(this.#port);
      signalProcess(this.#server.identity, "SIGHUP");
    } catch (error) {
      this.#log(`the configuration was not changed: ${textOf(error)}`);
    }
  }

  async #stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.stop();
  }

  /** Rings when a holder comes or goes, and when the server logs something: it may have met a full disk. */
  #watchFolders(): FSWatcher[] {
    return [this.#paths.holders, this.#paths.logs].flatMap((folder) => {
      try {
        return watch(folder, () => this.#alarm.ring()).on("error", (error) => this.#log(textOf(error)));
      } catch (error) {
        // No watches left, or a file system without them: the look every second remains.
        this.#log(`${folder} is looked at every second only: ${textOf(error)}`);
        return [];
      }
    });
  }

  #info(): BrokerInfo {
    const { binary, host } = this.#options;
    return {
      url: localUrl(host, this.#port),
      host,
      port: this.#port,
      guard: ownIdentity(),
      server: this.#server?.identity ?? null,
      trouble: this.#trouble,
      lingers: this.#lingerUntil > 0,
      version: binary.version,
      startedAt: this.#startedAt,
    };
  }

  #publish(): void {
    try {
      this.#ballast.sparing(() => writeBrokerInfo(this.#paths, this.#info()));
      if (this.#trouble === null) this.#ballast.take();
    } catch (error) {
      this.#log(`${this.#paths.brokerInfo} cannot be written: ${textOf(error)}`);
    }
  }

  #log(line: string): void {
    log(this.#paths, line);
  }
}

function clusterOf(paths: WorkspacePaths): ClusterSettings | undefined {
  const file = readPeers(paths);
  if (!file) return undefined;
  const { cluster: name, peers, routeSecret, systemPassword } = file;
  return { name, self: selfOf(file), peers, routeSecret, systemPassword };
}

/** A log that cannot be written (a full disk) must not end the broker. */
let linesLost = 0;

function log(paths: WorkspacePaths, line: string): void {
  const lost = linesLost > 0 ? ` (${linesLost} lines before this could not be written)` : "";
  try {
    appendFileSync(paths.brokerLog, `${new Date().toISOString()} guard ${process.pid}: ${line}${lost}\n`, {
      mode: 0o600,
    });
    linesLost = 0;
  } catch {
    linesLost++;
  }
}

/** Keeps one older log. Copied, not renamed: our own standard error goes to this very file. */
function rotateLog(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= logLimitBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What went wrong, as the person at the terminal should read it. */
function sentence(paths: WorkspacePaths, error: unknown): string {
  if (error instanceof BrokerError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return `no space left on the disk that holds ${paths.dir}; nothing is lost: free some space and start again`;
  }
  return `the broker's guard failed (${textOf(error)}); see ${paths.brokerLog}`;
}

function tell(message: GuardMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    // Who started us may be gone: then nobody waits for this.
    process.send(message, undefined, undefined, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}

async function main(): Promise<void> {
  const [dir, json] = process.argv.slice(2);
  if (dir === undefined || json === undefined)
    throw new Error("expected: guard.js <workspace folder> <options as JSON>");
  const paths = workspaceAt(dir);
  process.on("uncaughtException", (error) => {
    // The server sees our end and ends by itself, cleanly.
    log(paths, `this is a bug: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  let guard: Guard | undefined;
  try {
    const attempt = takeLock(paths.brokerLock, guardPurpose(paths));
    if (!attempt.ok) return await tell({ kind: "locked" });
    rotateLog(paths.brokerLog);
    guard = new Guard(paths, JSON.parse(json) as GuardOptions, attempt.lock);
    await guard.start();
  } catch (error) {
    log(paths, `not started: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await guard?.stop();
    process.exitCode = 1;
    return await tell({ kind: "failed", message: sentence(paths, error) });
  }
  await tell(guard.readyMessage());
  await guard.watchOver();
  process.exit(0);
}

await main();
