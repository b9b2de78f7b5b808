import { type FSWatcher, watch } from "node:fs";
import { BrokerError, messageOf } from "../../errors.ts";
import type { HeldLock } from "../../machine/lock-file.ts";
import { ownIdentity } from "../../machine/process-identity.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { localUrl } from "../address.ts";
import type { NatsServerBinary } from "../install/nats-server-version.ts";
import { pinText } from "../pin.ts";
import { type TlsSettings, usualTls } from "../tls/tls-settings.ts";
import { Alarm } from "./alarm.ts";
import { type BrokerInfo, removeBrokerInfo, writeBrokerInfo } from "./broker-info.ts";
import { Ballast, diskTrouble, saysDiskFull } from "./disk.ts";
import { forget, takeCensus } from "./holders.ts";
import { KeptServer } from "./kept-server.ts";
import { endLeftServers } from "./nats-process.ts";
import { openFormerPorts, rememberListen, takenNote } from "./port-choice.ts";

export interface GuardOptions {
  readonly binary: NatsServerBinary;
  readonly host: string;
  /** Listen on this one or fail. Default: the last one if it is free. */
  readonly port?: number;
  /** Default: `usualTls`. */
  readonly tls?: TlsSettings;
  /** Whether a coordinator starts the broker: then its address is remembered, and its former ports lead to it. */
  readonly isLasting: boolean;
}

const lookEveryMs = 1000;
/** How long the broker stays up after SIGTERM: service managers also send it to coordinators, which have things to store. */
const holdersGraceMs = 10_000;
/** How long a server that was stopped on a full disk stays down at least. */
const fullDiskMs = 2000;
const certificatesEveryMs = 3_600_000;

/** Keeps a workspace's broker up as long as somebody needs it, and off a full disk. */
export class Guard {
  /** Notes for the process that started the broker. */
  readonly notes: string[] = [];
  readonly #paths: WorkspacePaths;
  readonly #options: GuardOptions;
  readonly #lock: HeldLock;
  readonly #log: (line: string) => void;
  readonly #alarm = new Alarm();
  readonly #ballast: Ballast;
  readonly #server: KeptServer;
  readonly #startedAt = new Date().toISOString();
  #closeFormerPorts: (() => void)[] = [];
  #trouble: string | null = null;
  /** Monotonic ms at which the broker ends even if somebody holds it; then it does not linger. */
  #endAt = Number.POSITIVE_INFINITY;
  /** Monotonic ms until which the broker stays up for a coordinator that died. */
  #lingerUntil = 0;
  #certificatesAt = performance.now() + certificatesEveryMs;

  constructor(paths: WorkspacePaths, options: GuardOptions, lock: HeldLock, log: (line: string) => void) {
    this.#paths = paths;
    this.#options = options;
    this.#lock = lock;
    this.#log = log;
    this.#ballast = new Ballast(paths.brokerBallast);
    this.#server = new KeptServer({
      paths,
      binary: options.binary,
      host: options.host,
      tls: options.tls ?? usualTls,
      log,
      onEnded: () => this.#publish(),
      onDue: () => this.#alarm.ring(),
    });
  }

  async start(): Promise<void> {
    // Set before anybody knows about us: a signal without a handler would end us, and the server with us.
    process.on("SIGTERM", () => this.#endWithin("SIGTERM", holdersGraceMs));
    process.on("SIGINT", () => this.#endWithin("SIGINT", 0));
    process.on("SIGHUP", () => {
      this.#log("got SIGHUP: rewriting the configuration");
      this.#server.reconfigure();
    });
    const left = await endLeftServers(this.#paths.serverConfiguration);
    if (left > 0) this.#log(`ended ${left} server(s) that an earlier guard had left`);
    forget(takeCensus(this.#paths).dead);
    const trouble = diskTrouble(this.#paths);
    if (trouble) throw new BrokerError(trouble);
    const { host, port: wanted, isLasting } = this.#options;
    const choice = await this.#server.start(wanted);
    if (choice.taken !== undefined) this.notes.push(takenNote(choice.taken, { host, port: choice.port }));
    if (isLasting) {
      const { closers, notes } = await openFormerPorts(this.#paths, choice, host, this.#log);
      this.#closeFormerPorts = closers;
      this.notes.push(...notes);
      rememberListen(this.#paths, { host, port: choice.port });
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

  async stop(): Promise<void> {
    removeBrokerInfo(this.#paths);
    for (const close of this.#closeFormerPorts.splice(0)) close();
    await this.#server.stop();
    this.#ballast.throwOff();
    this.#lock.release();
    this.#log("stopped");
  }

  info(): BrokerInfo {
    const { binary, host, tls = usualTls } = this.#options;
    const { port, door } = this.#server;
    return {
      url: localUrl({ host, port }, door?.clients && door.localPin),
      host,
      port,
      tls,
      pin: door?.pin && pinText(door.pin),
      names: door?.names,
      guard: ownIdentity(),
      server: this.#server.identity,
      trouble: this.#trouble,
      lingers: this.#lingerUntil > 0,
      version: binary.version,
      startedAt: this.#startedAt,
    };
  }

  #endWithin(signal: string, ms: number): void {
    this.#log(`got ${signal}`);
    this.#endAt = Math.min(this.#endAt, performance.now() + ms);
    setTimeout(() => this.#alarm.ring(), ms);
    this.#alarm.ring();
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
      if (lingerMs > 0) this.#linger(performance.now() + lingerMs);
      this.#log(`the last coordinator died without releasing the broker; staying up for ${lingerMs / 1000} s`);
    }
    const isLingering = performance.now() < this.#lingerUntil && this.#endAt === Number.POSITIVE_INFINITY;
    if (this.#lingerUntil > 0 && !isLingering) this.#linger(0);
    if (living.length > 0 || isLingering) return false;

    // A newcomer writes its holder file and then looks for broker.json. The order here is the opposite, so either the newcomer
    // sees that the broker is going, or we see the newcomer.
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
      // Another machine considered us dead and may already have a server on this store: no clean end, not one more write.
      this.#log("the store's lock was taken away; killing the server");
      this.#server.kill();
      process.exit(1);
    }
    this.#lock.touch();

    if (performance.now() > this.#certificatesAt) {
      this.#certificatesAt = performance.now() + certificatesEveryMs;
      this.#server.renewCertificates();
    }

    const trouble = this.#diskTrouble();
    if (trouble && this.#server.identity) {
      this.#log(`stopping the server: ${trouble}`);
      await this.#server.stop();
      this.#server.notBefore(fullDiskMs);
    }
    if (trouble !== null && trouble !== this.#trouble) {
      this.#trouble = trouble;
      this.#publish();
    }
    // The trouble is over once the server answers again, so that a reader of broker.json may connect at once.
    if (trouble === null && this.#server.isDue && (await this.#server.restart())) {
      this.#trouble = null;
      this.#publish();
    }
  }

  #diskTrouble(): string | null {
    const said = this.#server.said();
    const trouble = diskTrouble(this.#paths);
    if (trouble) return trouble;
    return saysDiskFull(said)
      ? `no space left for the broker in ${this.#paths.store}: the disk is full, or a quota or the limit on a file's size (ulimit -f) is reached; nothing is lost: free some space`
      : null;
  }

  /** Rings when a holder comes or goes, and when the server logs something: it may have met a full disk. */
  #watchFolders(): FSWatcher[] {
    return [this.#paths.holders, this.#paths.logs].flatMap((folder) => {
      try {
        return watch(folder, () => this.#alarm.ring()).on("error", (error) => this.#log(messageOf(error)));
      } catch (error) {
        // No watches left, or a file system without them: the check every second remains.
        this.#log(`${folder} is only checked every second: ${messageOf(error)}`);
        return [];
      }
    });
  }

  #publish(): void {
    try {
      this.#ballast.sparing(() => writeBrokerInfo(this.#paths, this.info()));
      if (this.#trouble === null) this.#ballast.take();
    } catch (error) {
      this.#log(`${this.#paths.brokerInfo} cannot be written: ${messageOf(error)}`);
    }
  }
}
