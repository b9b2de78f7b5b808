import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../../errors.ts";
import { identify, type ProcessIdentity } from "../../machine/process-identity.ts";
import { localHost, probeServer } from "../address.ts";
import { saysDiskFull } from "./disk.ts";
import { endProcess, processesWith, spawnTied } from "./tied-process.ts";

/** A nats-server that answers. */
export interface NatsProcess {
  readonly identity: ProcessIdentity;
  /** Resolves when the process is gone, with how it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Ends it cleanly: with SIGINT, which gives exit code 0; SIGTERM would give 1. */
  stop(): Promise<void>;
}

interface NatsStart {
  readonly binary: string;
  readonly configuration: string;
  /** As in the configuration. */
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly serverLog: string;
  /** Gets what the server prints before it opens its own log. */
  readonly output: string;
  /** Limit above which Go's collector works harder, MiB; a GOMEMLIMIT in the environment wins. Left out: none. */
  readonly memoryMb?: number;
}

/** After a crash a store of millions of messages is read in seconds; if it takes longer than this, something is wrong. */
const startLimitMs = 120_000;
const answerMs = 1000;
/** Every measured shutdown of JetStream took at most 4 ms. */
const stopGraceMs = 10_000;

/**
 * Starts nats-server and waits until it answers. It ends when this process does, even by SIGKILL.
 *
 * @throws PortTakenError, StartRefusedError, or another BrokerError if it does not answer in time or the disk is full
 */
export async function startNats(start: NatsStart): Promise<NatsProcess> {
  const outputStart = sizeOf(start.output);
  const logStart = sizeOf(start.serverLog);
  const child = spawnToLog(start);
  const ended = endOf(child);
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);

  const address = { host: localHost(start.host), port: start.port };
  const limit = performance.now() + startLimitMs;
  while (end === undefined) {
    if ((await probeServer(address, start.serverName, answerMs)) === "up") {
      if (!identity) break;
      return { identity, ended, stop: () => stop(identity, ended) };
    }
    if (performance.now() > limit) {
      if (identity) await endProcess(identity, "SIGINT", stopGraceMs);
      throw new BrokerError(`nats-server did not answer within ${startLimitMs / 1000} s; see ${start.serverLog}`);
    }
    await delay(4);
  }
  const said = readFrom(start.output, outputStart) + readFrom(start.serverLog, logStart);
  throw startFailure(start, end ?? "at once", said);
}

/** Ends servers that a killed guard left behind: two servers on one store destroy acknowledged messages. */
export async function endLeftServers(configuration: string): Promise<number> {
  const left = processesWith(natsArguments(configuration));
  await Promise.all(left.map((identity) => endProcess(identity, "SIGINT", stopGraceMs)));
  return left.length;
}

/** Size of a file, 0 if it is missing; with `readFrom`, finds what a log has gained since. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The end of a log after its first `offset` bytes, at most 64 KiB; the whole log if it was restarted. */
export function readFrom(path: string, offset: number): string {
  const size = sizeOf(path);
  const from = Math.max(size < offset ? 0 : offset, size - 65_536);
  if (size <= from) return "";
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(size - from);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from)).toString("utf8");
  } finally {
    closeSync(file);
  }
}

const natsArguments = (configuration: string): string[] => ["-c", configuration];

function spawnToLog(start: NatsStart): ChildProcess {
  const output = openSync(start.output, "a", 0o600);
  try {
    const env = start.memoryMb === undefined ? {} : { GOMEMLIMIT: `${start.memoryMb}MiB` };
    const options = { stdout: output, stderr: output, env: { ...env, ...process.env } };
    return spawnTied(start.binary, natsArguments(start.configuration), options);
  } finally {
    closeSync(output);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

async function stop(identity: ProcessIdentity, ended: Promise<string>): Promise<void> {
  await endProcess(identity, "SIGINT", stopGraceMs);
  await ended;
}

function startFailure(start: NatsStart, end: string, said: string): BrokerError {
  if (/address already in use/.test(said)) return new PortTakenError(start.host, start.port);
  if (saysDiskFull(said))
    return new BrokerError(`no space left on the disk that nats-server writes to; see ${start.serverLog}`);
  const complaints = said.split("\n").filter((line) => /\[(FTL|ERR)\]|^nats-server:/.test(line));
  const complaint = (complaints.at(-1) ?? said.trim().split("\n").at(-1) ?? "").replace(/^.*\[(FTL|ERR)\] /, "");
  return new StartRefusedError(end, complaint || "it said nothing", start.serverLog);
}

/** It read its configuration, complained, and ended. */
export class StartRefusedError extends BrokerError {
  readonly complaint: string;

  constructor(end: string, complaint: string, log: string) {
    super(`nats-server ended while starting (${end}): ${complaint}; see ${log}`);
    this.complaint = complaint;
  }
}

/** Another program took the port after it was found free, before the server started. */
export class PortTakenError extends BrokerError {
  constructor(host: string, port: number) {
    super(`port ${port} on ${host} was taken by another program just now; start again`);
  }
}
