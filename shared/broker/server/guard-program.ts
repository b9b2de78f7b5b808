/**
 * The program that owns a workspace's nats-server: `node guard.js <workspace folder> <options as JSON>`, in a session of its
 * own. It holds the store's lock, restarts a server that dies, keeps it off a full disk, and ends it when nobody needs it. The
 * server ends when this program is killed, even by SIGKILL, so this program's lock is the only one that counts. Two servers on
 * one store destroy acknowledged messages.
 *
 * A server that dies starts again on the same port. It is stopped before the disk is full (a reserve of 256 MB): nats-server
 * 2.10.27 was seen to lose acknowledged messages on a full disk. It ends when nobody holds it, or ten minutes after a
 * coordinator crashed. Without a coordinator, a reading command holds it while it reads.
 */

import { appendFileSync, copyFileSync, truncateSync } from "node:fs";
import { BrokerError, messageOf } from "../../errors.ts";
import { takeLock } from "../../machine/lock-file.ts";
import { type WorkspacePaths, workspaceAt } from "../../machine/workspace.ts";
import { type BrokerInfo, guardPurpose } from "./broker-info.ts";
import { isDiskFull } from "./disk.ts";
import { Guard, type GuardOptions } from "./guard-loop.ts";
import { sizeOf } from "./nats-process.ts";

/** What the guard tells the process that started it, once. */
export type GuardMessage =
  | { readonly kind: "ready"; readonly info: BrokerInfo; readonly notes: readonly string[] }
  /** Another guard was first. */
  | { readonly kind: "locked" }
  | { readonly kind: "failed"; readonly message: string };

const logLimitBytes = 1_000_000;

export async function runGuard(): Promise<void> {
  // nats-server chooses the modes of its files itself, and would let others read its streams.
  process.umask(0o077);
  const [dir, json] = process.argv.slice(2);
  if (dir === undefined || json === undefined)
    throw new Error("expected: guard.js <workspace folder> <options as JSON>");
  const paths = workspaceAt(dir);
  const log = logTo(paths.brokerLog);
  process.on("uncaughtException", (error) => {
    // The server sees our end and ends by itself, cleanly.
    log(`this is a bug: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  let guard: Guard | undefined;
  try {
    const attempt = takeLock(paths.brokerLock, guardPurpose(paths));
    if (!attempt.ok) return await tell({ kind: "locked" });
    rotateLog(paths.brokerLog);
    guard = new Guard(paths, JSON.parse(json) as GuardOptions, attempt.lock, log);
    await guard.start();
  } catch (error) {
    log(`not started: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await guard?.stop();
    process.exitCode = 1;
    return await tell({ kind: "failed", message: sentence(paths, error) });
  }
  await tell({ kind: "ready", info: guard.info(), notes: guard.notes });
  await guard.watchOver();
  process.exit(0);
}

/** A log that cannot be written, as on a full disk, must not end the broker. */
function logTo(path: string): (line: string) => void {
  let linesLost = 0;
  return (line) => {
    const lost = linesLost > 0 ? ` (${linesLost} lines before this could not be written)` : "";
    try {
      appendFileSync(path, `${new Date().toISOString()} guard ${process.pid}: ${line}${lost}\n`, { mode: 0o600 });
      linesLost = 0;
    } catch {
      linesLost += 1;
    }
  };
}

/** Keeps one older log. Copied, not renamed: our own standard error goes to this very file. */
function rotateLog(path: string): void {
  if (sizeOf(path) <= logLimitBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

/** What went wrong, for the person at the terminal. */
function sentence(paths: WorkspacePaths, error: unknown): string {
  if (error instanceof BrokerError) return error.message;
  if (isDiskFull(error)) {
    return `no space left on the disk that holds ${paths.dir}; nothing is lost: free some space and start again`;
  }
  return `the broker's guard failed (${messageOf(error)}); see ${paths.brokerLog}`;
}

function tell(message: GuardMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    // The process that started us may be gone: then nobody waits for this.
    process.send(message, undefined, undefined, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}
