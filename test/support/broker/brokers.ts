import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, type NatsConnection } from "nats";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { type BrokerInfo, isServing, runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { type HeldBroker, type HoldOptions, holdBroker } from "../../../shared/broker/server/server.ts";
import { processesWith } from "../../../shared/broker/server/tied-process.ts";
import { BrokerError } from "../../../shared/errors.ts";
import type { ProcessIdentity } from "../../../shared/machine/process-identity.ts";
import { type WorkspacePaths, workspacePaths } from "../../../shared/machine/workspace.ts";
import { atEnd, mustEnd, temporaryFolder } from "../cleanup.ts";
import { eventually } from "../patience.ts";
import { processesNaming } from "../process-list.ts";

/** Another process that holds the broker (broker-holder.ts). */
export interface OtherHolder {
  readonly process: ChildProcess;
  readonly url: string;
  readonly port: number;
  readonly adopted: boolean;
  /** Lines that it logged while holding. */
  readonly log: readonly string[];
  release(): Promise<void>;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
}

export async function holdElsewhere(paths: WorkspacePaths, options: Partial<HoldOptions>): Promise<OtherHolder> {
  const program = fileURLToPath(new URL("./broker-holder.js", import.meta.url));
  const child = spawn(process.execPath, [program, paths.dir, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  mustEnd(child.pid);
  const exit = once(child, "exit");
  const log: string[] = [];
  const answer = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("log ")) log.push(line.slice(4));
      else resolve(line);
    });
    void exit.then(([code, signal]) => resolve(`failed ended with ${signal ?? code}`));
  });
  if (answer.startsWith("failed ")) throw new Error(answer.slice(7));
  const held = JSON.parse(answer.slice(5)) as { url: string; port: number; adopted: boolean };
  const release = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.stdin.write("release\n");
    await exit;
  };
  atEnd(release);
  return {
    ...held,
    process: child,
    log,
    release,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

export const newWorkspace = (): WorkspacePaths => workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });

/** Holds the broker in this process, until the end of the test file at most. */
export async function hold(paths: WorkspacePaths, options: Partial<HoldOptions> = {}): Promise<HeldBroker> {
  const broker = await holdBroker(paths, { kind: "coordinator", log: () => undefined, ...options });
  atEnd(() => broker.release());
  return broker;
}

/** Resolves when no guard, no server and no process that links them is left. */
export const nothingRuns = (paths: WorkspacePaths): Promise<true> =>
  eventually("nothing runs", () => processesNaming(paths.dir).length === 0);

/** Checks that the promise rejects with a one-line BrokerError that contains all these parts. */
export async function failsSaying(promise: Promise<unknown>, ...parts: readonly string[]): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof BrokerError, error.stack);
    assert.doesNotMatch(error.message, /\n/);
    for (const part of parts) assert.ok(error.message.includes(part), `${part} in: ${error.message}`);
    return true;
  });
}

/** The servers that run on this workspace's store. There must never be two. */
export const serversOf = (paths: WorkspacePaths): ProcessIdentity[] => processesWith(["-c", paths.serverConfiguration]);

export const isDown = (paths: WorkspacePaths): boolean =>
  runningBroker(paths) === undefined && serversOf(paths).length === 0;

/** The broker, once it serves again. */
export function serving(paths: WorkspacePaths): Promise<BrokerInfo> {
  return eventually("the broker serves", () => {
    const info = runningBroker(paths);
    return info && isServing(info) ? info : undefined;
  });
}

/** Counts the servers on the store continuously; `most` stops it and resolves with the most seen at once. */
export function watchServers(paths: WorkspacePaths): { most(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, serversOf(paths).length);
      await delay(1);
    }
  })();
  return {
    most: async () => {
      isOver = true;
      await watching;
      return most;
    },
  };
}

async function connectTo(paths: WorkspacePaths): Promise<NatsConnection> {
  const info = await serving(paths);
  const { user, password } = readRoleSecret(paths, "coordinator");
  const connection = await connect({
    servers: info.url.replace(/#.*$/, ""),
    // The client checks that the workspace's authority issued the server's certificate for this machine.
    ...(info.url.startsWith("tls:") ? { tls: { caFile: join(paths.secrets, "ca.pem") } } : {}),
    user,
    pass: password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  atEnd(() => connection.close());
  return connection;
}

/** Stores `count` messages, each acknowledged. */
export async function storeMessages(paths: WorkspacePaths, count: number): Promise<void> {
  const connection = await connectTo(paths);
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "JRN", subjects: ["jrn.>"] });
  const stream = connection.jetstream();
  for (let i = 1; i <= count; i++) await stream.publish("jrn.ws.op", new Uint8Array([i]));
  await connection.close();
}

/** Every message of the workspace is there, in order. */
export async function assertStored(paths: WorkspacePaths, count: number): Promise<void> {
  const connection = await connectTo(paths);
  const manager = await connection.jetstreamManager();
  const found: number[] = [];
  for (let seq = 1; seq <= count; seq++) found.push((await manager.streams.getMessage("JRN", { seq })).data[0] ?? 0);
  assert.deepEqual(
    found,
    Array.from({ length: count }, (_, i) => i + 1),
  );
  await connection.close();
}
