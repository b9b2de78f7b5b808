import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BrokerError, messageOf, NexusError } from "../../errors.ts";
import { explainLock, isLockSilent, readLockOwner, storeInUse, takeLock } from "../../machine/lock-file.ts";
import { isAlive, liveness, type ProcessIdentity } from "../../machine/process-identity.ts";
import { createWorkspace, type WorkspacePaths } from "../../machine/workspace.ts";
import type { WorkerUser } from "../access/accounts.ts";
import type { InviteIdentity } from "../access/invite-code.ts";
import { type Address, addressText, isLoopback, loopback } from "../address.ts";
import { type BinarySearch, findNatsServer } from "../install/nats-server-binary.ts";
import { rememberedTls, rememberTls, sameTls, type TlsSettings, tlsText, usualTls } from "../tls/tls-settings.ts";
import { type BrokerInfo, guardPurpose, isServing, runningBroker } from "./broker-info.ts";
import { isDiskFull } from "./disk.ts";
import type { GuardOptions } from "./guard-loop.ts";
import type { GuardMessage } from "./guard-program.ts";
import { addHolder, type HolderKind, takeCensus } from "./holders.ts";
import { parseListen } from "./listen.ts";
import { readFrom, sizeOf } from "./nats-process.ts";
import { rememberedListen, rememberListen } from "./port-choice.ts";
import { type ReadList, reloadWorkers } from "./reload-workers.ts";
import { signalProcess } from "./tied-process.ts";

export interface HoldOptions extends BinarySearch {
  readonly kind: HolderKind;
  /**
   * `host:port`. Default: where it listened when a coordinator last held it; for readers, and at first, loopback. If a loopback
   * port is taken by now, another is chosen.
   */
  readonly listen?: string | undefined;
  /** How the broker encrypts. Default: as when a coordinator last held it; for readers, who stay on loopback, not at all. */
  readonly tls?: TlsSettings | undefined;
  /** How long the broker outlives a coordinator that dies without releasing it; default: 10 minutes. Readers: not at all. */
  readonly lingerMs?: number | undefined;
}

/** This process's share in the workspace's broker. */
export interface HeldBroker {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What other machines know it by, `sha256=...`; undefined: they need nothing to know it by. */
  readonly pin: string | undefined;
  /** The broker was running already. */
  readonly adopted: boolean;
  /**
   * Sets which workers, and holders of which invitations, may connect; resolves when the server has read it. Only those no
   * longer listed are disconnected.
   */
  reloadUsers(workers: readonly WorkerUser[], invites?: readonly InviteIdentity[]): Promise<void>;
  /** Gives the share back; resolves when the broker has stopped, if nobody else holds it. */
  release(): Promise<void>;
}

const tenMinutesMs = 600_000;
/** How long to wait for a guard that starts or stops: a server may take two minutes to read a large store. */
const patienceMs = 130_000;
const watchEveryMs = 1000;
/** How long to wait for commands that only read, when their broker listens elsewhere. */
const readersGraceMs = 10_000;

/**
 * Keeps the workspace's broker up until this process releases it or ends: starts one, or joins the one that runs. A
 * coordinator that holds it also restarts a guard that was killed.
 *
 * @throws BrokerError that says why there is no broker: no program, port taken, store held elsewhere, disk full
 */
export async function holdBroker(paths: WorkspacePaths, options: HoldOptions): Promise<HeldBroker> {
  const listen = options.listen === undefined ? listenAgain(paths, options.kind) : parseListen(options.listen);
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const tls = options.tls ?? (options.kind === "coordinator" ? rememberedTls(paths) : usualTls);
  const settings: Settings = { ...options, log, tls };
  createWorkspace(paths);
  const holder = asBrokerError(paths, () => addHolder(paths, options.kind, options.lingerMs ?? tenMinutesMs));
  let found: Found;
  try {
    found = await findOrStart(paths, settings, listen);
  } catch (error) {
    holder.release();
    throw error;
  }
  const { host, port, url, pin } = found.info;
  if (options.kind === "coordinator") {
    rememberListen(paths, { host, port });
    rememberTls(paths, settings.tls);
  }
  const stopWatching =
    options.kind === "coordinator" ? keepAlive(paths, settings, { host, port }, found.info) : async () => undefined;
  let reloads: Promise<ReadList | undefined> = Promise.resolve(undefined);
  return {
    url,
    host,
    port,
    pin,
    adopted: found.adopted,
    reloadUsers: (workers, invites = []) => {
      const leftOut = (problem: string): void => log(`not let in: ${problem}`);
      const reload = reloads
        .catch(() => undefined)
        .then((last) => reloadWorkers(paths, { workers, invites }, leftOut, last));
      reloads = reload;
      return reload.then(() => undefined);
    },
    release: async () => {
      await stopWatching();
      const { guard } = runningBroker(paths) ?? found.info;
      holder.release();
      await whileOnlyOurs(paths, guard);
    },
  };
}

/** The last address, if other machines may have joined there: then the broker listens there or nowhere. */
function listenAgain(paths: WorkspacePaths, kind: HolderKind): Address | undefined {
  const last = kind === "coordinator" ? rememberedListen(paths) : undefined;
  return last && last.host !== loopback ? { host: last.host, port: last.port } : undefined;
}

export { runningBroker } from "./broker-info.ts";

interface Found {
  readonly info: BrokerInfo;
  readonly adopted: boolean;
}

type Settings = HoldOptions & { readonly log: (line: string) => void; readonly tls: TlsSettings };

async function findOrStart(paths: WorkspacePaths, options: Settings, listen: Address | undefined): Promise<Found> {
  const startedAt = performance.now();
  while (performance.now() < startedAt + patienceMs) {
    const info = runningBroker(paths);
    if (info) {
      if (info.trouble !== null) throw new BrokerError(info.trouble);
      const listens = !listen || (listen.host === info.host && listen.port === info.port);
      const tls = tlsOf(info);
      const encrypts = options.kind === "reader" || sameTls(options.tls, tls);
      if (!listens || !encrypts) {
        const differs = listens
          ? `uses ${tlsText(tls)}, not ${tlsText(options.tls)}`
          : `listens on ${addressText(info)}, not on ${addressText(listen)}`;
        makeWay(paths, info, differs, startedAt + readersGraceMs);
      } else if (isServing(info)) {
        return { info, adopted: true };
      }
    } else if (await isLockFree(paths, options.log)) {
      const started = await startGuard(paths, options, listen);
      if (started) return { info: started, adopted: false };
    }
    await delay(5);
  }
  const owner = readLockOwner(paths.brokerLock);
  const who = owner && owner !== "unreadable" ? `: ${explainLock(paths.brokerLock, owner, "alive")}` : "";
  throw new BrokerError(
    `the broker of workspace ${paths.name} did not come up in ${patienceMs / 1000} s; see ${paths.brokerLog}${who}`,
  );
}

/** Whether a guard may try to take the lock. False while another guard starts or stops. */
async function isLockFree(paths: WorkspacePaths, log: (line: string) => void): Promise<boolean> {
  const owner = readLockOwner(paths.brokerLock);
  if (owner === undefined || owner === "unreadable") return true;
  const state = liveness(owner.identity);
  if (state === "dead") return true;
  if (state === "alive") {
    if (owner.purpose === guardPurpose(paths)) return false;
    throw storeInUse(paths.brokerLock, owner, state);
  }
  log(
    `${paths.brokerLock} is held by process ${owner.identity.pid} on ${owner.host}; watching for 30 s whether it is alive...`,
  );
  if (!(await isLockSilent(paths.brokerLock))) throw storeInUse(paths.brokerLock, owner, state);
  const attempt = takeLock(paths.brokerLock, guardPurpose(paths), owner.nonce);
  if (attempt.ok) attempt.lock.release();
  return true;
}

/** How that broker encrypts. A guard of an earlier version does not say: it knew plain text only. */
const tlsOf = ({ tls, host }: BrokerInfo): TlsSettings => tls ?? { ...usualTls, insecure: !isLoopback(host) };

/** Ends the running broker, which is not as wanted, if nobody uses it. @throws BrokerError if somebody does */
function makeWay(paths: WorkspacePaths, info: BrokerInfo, differs: string, until: number): void {
  const others = takeCensus(paths).living.filter(({ identity }) => identity.pid !== process.pid);
  if (others.length === 0) {
    signalProcess(info.guard, "SIGINT");
    return;
  }
  // A command that only reads is soon done.
  if (performance.now() < until && others.every(({ kind }) => kind === "reader")) return;
  const pids = others.map(({ identity }) => identity.pid).join(", ");
  throw new BrokerError(
    `the broker of workspace ${paths.name} already runs and ${differs}; ` +
      `stop what uses it first (process ${pids}), or leave it there: --listen ${addressText(info)}`,
  );
}

/** Undefined if another guard was first. */
async function startGuard(
  paths: WorkspacePaths,
  options: Settings,
  listen: Address | undefined,
): Promise<BrokerInfo | undefined> {
  const binary = await findNatsServer(options);
  const guardOptions: GuardOptions = {
    binary,
    ...(listen ?? { host: loopback }),
    tls: options.tls,
    isLasting: options.kind === "coordinator",
  };
  const logStart = sizeOf(paths.brokerLog);
  const child = asBrokerError(paths, () => spawnGuard(paths, guardOptions));
  const message = await firstMessage(child);
  child.unref();
  if (typeof message === "object") {
    if (message.kind === "failed") throw new BrokerError(message.message);
    if (message.kind === "locked") return undefined;
    // A broker that runs for one command needs no notes.
    if (options.kind === "coordinator") for (const note of message.notes) options.log(note);
    return message.info;
  }
  const said = readFrom(paths.brokerLog, logStart).trim().split("\n").at(-1) || "it said nothing";
  throw new BrokerError(`the broker's guard ended while starting (${message}): ${said}; see ${paths.brokerLog}`);
}

function spawnGuard(paths: WorkspacePaths, options: GuardOptions): ChildProcess {
  const program = fileURLToPath(new URL("./guard.js", import.meta.url));
  const errors = openSync(paths.brokerLog, "a", 0o600);
  try {
    return spawn(process.execPath, [program, paths.dir, JSON.stringify(options)], {
      cwd: paths.dir,
      detached: true,
      stdio: ["ignore", errors, errors, "ipc"],
    });
  } finally {
    closeSync(errors);
  }
}

/** The guard's only message, or how it ended without one. */
function firstMessage(child: ChildProcess): Promise<GuardMessage | string> {
  return new Promise((resolve) => {
    child.once("message", (message) => resolve(message as GuardMessage));
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** Restarts a guard that was killed, at the same address; says when the server is kept down, and when it is back. */
function keepAlive(paths: WorkspacePaths, options: Settings, listen: Address, first: BrokerInfo): () => Promise<void> {
  let looking: Promise<void> | undefined;
  let trouble: string | null = null;
  let guard = first.guard;
  let complaint = "";
  const look = async (): Promise<void> => {
    const info = runningBroker(paths);
    if (info) {
      if (info.trouble !== trouble) options.log(info.trouble ?? "the broker is back");
      trouble = info.trouble;
      guard = info.guard;
      return;
    }
    if (isAlive(guard)) return;
    options.log("the broker's guard was killed; starting another");
    guard = (await findOrStart(paths, options, listen)).info.guard;
    complaint = "";
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => {
        const text = messageOf(error);
        if (text !== complaint) options.log(text);
        complaint = text;
      })
      .finally(() => {
        looking = undefined;
      });
  }, watchEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/** Waits for the broker's end, unless someone else needs it, or it stays up for a coordinator that died. */
async function whileOnlyOurs(paths: WorkspacePaths, guard: ProcessIdentity): Promise<void> {
  const limit = performance.now() + patienceMs;
  while (isAlive(guard) && performance.now() < limit) {
    if (runningBroker(paths)?.lingers || takeCensus(paths).living.length > 0) return;
    await delay(5);
  }
}

function asBrokerError<T>(paths: WorkspacePaths, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof NexusError) throw cause;
    const why = isDiskFull(cause)
      ? `no space left for the broker: the disk of workspace ${paths.dir} is full; nothing is lost: free some space`
      : `cannot write to workspace ${paths.dir}: ${(cause as NodeJS.ErrnoException).message}`;
    throw new BrokerError(why, { cause });
  }
}
