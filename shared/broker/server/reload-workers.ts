import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../../errors.ts";
import { readLockOwner } from "../../machine/lock-file.ts";
import { isAlive, type ProcessIdentity } from "../../machine/process-identity.ts";
import { writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { type WorkersAccount, workersConfiguration } from "../access/accounts.ts";
import { runningBroker } from "./broker-info.ts";
import { readFrom, sizeOf } from "./nats-process.ts";
import { signalProcess } from "./tied-process.ts";

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
  writeSecretFile(paths.workersConfiguration, workersConfiguration(account, leftOut));
  const limit = performance.now() + patienceMs;
  while (performance.now() < limit) {
    const info = runningBroker(paths);
    if (info ? info.trouble !== null : !isStarting(paths)) return;
    // A server that is starting may have read the old file already, so wait for it.
    if (info?.server && (await hasReloaded(paths, info.server, limit))) return;
    await delay(5);
  }
  throw new BrokerError(
    `nats-server did not read the list of workers within ${patienceMs / 1000} s; see ${paths.serverLog}`,
  );
}

/** Whether the server has read its configuration again; false if it died or is silent. It answers only in its log. */
async function hasReloaded(paths: WorkspacePaths, server: ProcessIdentity, limit: number): Promise<boolean> {
  const logStart = sizeOf(paths.serverLog);
  signalProcess(server, "SIGHUP");
  while (isAlive(server) && performance.now() < limit) {
    const said = readFrom(paths.serverLog, logStart);
    const [, refusal] = /Failed to reload server configuration: (.*)/.exec(said) ?? [];
    if (refusal !== undefined) {
      throw new BrokerError(`nats-server refused the list of workers: ${refusal}; see ${paths.serverLog}`);
    }
    if (said.includes("Reloaded server configuration")) return true;
    await delay(5);
  }
  return false;
}

/** Whether a guard is starting, which writes broker.json once its server answers. */
function isStarting(paths: WorkspacePaths): boolean {
  const owner = readLockOwner(paths.brokerLock);
  return owner !== undefined && owner !== "unreadable" && isAlive(owner.identity);
}
