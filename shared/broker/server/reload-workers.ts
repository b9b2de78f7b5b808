import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../../errors.ts";
import { readLockOwner } from "../../machine/lock-file.ts";
import { isAlive, type ProcessIdentity } from "../../machine/process-identity.ts";
import { readIfThere, writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { exportsPiecesInOrder, type WorkersAccount, workersConfiguration } from "../access/accounts.ts";
import { isAtLeast } from "../install/nats-server-version.ts";
import { runningBroker } from "./broker-info.ts";
import { readFrom, sizeOf } from "./nats-process.ts";
import { signalProcess } from "./tied-process.ts";
import { keepAccepted, mostLeftOut, substitutes, withoutRefused } from "./users-file.ts";

const patienceMs = 10_000;

/**
 * Writes the workers' account and makes the server read it. Resolves when it has, or at once if there is no server: it reads
 * the file at its start. The file holds the whole account, so a failed call may simply be repeated.
 */
export async function reloadWorkers(
  paths: WorkspacePaths,
  account: WorkersAccount,
  leftOut: (problem: string) => void,
): Promise<void> {
  let text = workersConfiguration(account, leftOut, mayAskInOrder(paths));
  writeSecretFile(paths.workersConfiguration, text);
  const limit = performance.now() + patienceMs;
  for (let left = mostLeftOut; performance.now() < limit; ) {
    const info = runningBroker(paths);
    if (info ? info.trouble !== null : !isStarting(paths)) return;
    // A server that is starting may have read the old file already, so wait for it.
    const found = info?.server ? await reload(paths, info.server, limit) : "silent";
    if (found === "done") {
      keepAccepted(paths);
      return;
    }
    if (found === "silent") {
      await delay(5);
      continue;
    }
    const rest = left > 0 ? withoutRefused(text, found.refusal) : undefined;
    if (!rest) {
      // What it runs with, it also starts with.
      const [last] = substitutes(paths);
      if (last) writeSecretFile(paths.workersConfiguration, last.text);
      throw new BrokerError(`nats-server refused the list of workers: ${found.refusal}; see ${paths.serverLog}`);
    }
    left -= 1;
    leftOut(`${rest.whose}: nats-server refuses its entry: ${found.refusal}`);
    text = rest.text;
    writeSecretFile(paths.workersConfiguration, text);
  }
  throw new BrokerError(
    `nats-server did not read the list of workers within ${patienceMs / 1000} s; see ${paths.serverLog}`,
  );
}

function mayAskInOrder(paths: WorkspacePaths): boolean {
  const version = runningBroker(paths)?.version;
  if (version === undefined || isAtLeast(version, 2, 11)) return false;
  return exportsPiecesInOrder(readIfThere(paths.serverConfiguration) ?? "");
}

/** Has the server read its configuration again; silent: it died, or says nothing. It answers only in its log. */
async function reload(
  paths: WorkspacePaths,
  server: ProcessIdentity,
  limit: number,
): Promise<"done" | "silent" | { readonly refusal: string }> {
  const logStart = sizeOf(paths.serverLog);
  signalProcess(server, "SIGHUP");
  while (isAlive(server) && performance.now() < limit) {
    const said = readFrom(paths.serverLog, logStart);
    const [, refusal] = /Failed to reload server configuration: (.*)/.exec(said) ?? [];
    if (refusal !== undefined) return { refusal };
    if (said.includes("Reloaded server configuration")) return "done";
    await delay(5);
  }
  return "silent";
}

/** Whether a guard is starting, which writes broker.json once its server answers. */
function isStarting(paths: WorkspacePaths): boolean {
  const owner = readLockOwner(paths.brokerLock);
  return owner !== undefined && owner !== "unreadable" && isAlive(owner.identity);
}
