import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../../errors.ts";
import { readLockOwner } from "../../machine/lock-file.ts";
import { isAlive, isSameProcess, type ProcessIdentity } from "../../machine/process-identity.ts";
import { readIfThere, writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import {
  exportsPiecesInOrder,
  exportsToInvitations,
  type ServerLets,
  type WorkersAccount,
  workersConfiguration,
} from "../access/accounts.ts";
import { isAtLeast } from "../install/nats-server-version.ts";
import { runningBroker } from "./broker-info.ts";
import { readFrom, sizeOf } from "./nats-process.ts";
import { signalProcess } from "./tied-process.ts";
import { acceptedText, isAccepted, keepAccepted, mostLeftOut, substitutes, withoutRefused } from "./users-file.ts";

const patienceMs = 10_000;

/** A list that a server runs with. */
export interface ReadList {
  readonly server: ProcessIdentity;
  /** The list that was wanted; `text` is the one in use, without the entries that the server refused. */
  readonly wanted: string;
  readonly text: string;
}

/**
 * Writes the workers' account and makes the server read it. Resolves when the server has read it, or at once if none
 * runs: a server reads the file at its start. The file holds the whole account, so a failed call may be repeated.
 *
 * @param last  what the last call returned: nothing is done if the server already runs with that list
 * @returns     what the server runs with; undefined: it has not read it yet
 * @throws BrokerError if the server refuses the list, or has not read it within 10 s
 */
export async function reloadWorkers(
  paths: WorkspacePaths,
  account: WorkersAccount,
  leftOut: (problem: string) => void,
  last?: ReadList,
): Promise<ReadList | undefined> {
  const wanted = workersConfiguration(account, leftOut, letBy(paths));
  if (last?.wanted === wanted && runsWith(paths, last)) return last;
  let text = wanted;
  // nats-server connects a new account's imports only when it reads its configuration once more (2.10.27 and 2.15.1).
  let isOnceMore = hasNewAccount(acceptedText(paths) ?? "", wanted);
  writeSecretFile(paths.workersConfiguration, text);
  const limit = performance.now() + patienceMs;
  for (let left = mostLeftOut; performance.now() < limit; ) {
    const info = runningBroker(paths);
    if (info ? info.trouble !== null : !isStarting(paths)) return undefined;
    const server = info?.server;
    // A server that is starting may have read the old file already, so wait for it.
    const found = server ? await reload(paths, server, limit) : undefined;
    if (!server || !found) {
      await delay(5);
      continue;
    }
    if (found === "done" && isOnceMore) {
      isOnceMore = false;
      continue;
    }
    if (found === "done") {
      keepAccepted(paths);
      return { server, wanted, text };
    }
    const rest = left > 0 ? withoutRefused(text, found.refusal) : undefined;
    if (!rest) {
      // So that the server also starts with the list that it runs with.
      const [before] = substitutes(paths);
      if (before) writeSecretFile(paths.workersConfiguration, before.text);
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

function hasNewAccount(before: string, text: string): boolean {
  const known = new Set(accountsOf(before));
  return accountsOf(text).some((account) => !known.has(account));
}

const accountsOf = (text: string): readonly string[] => text.match(/^\w+ \{$/gm) ?? [];

/** Whether that server still runs with that list: another coordinator may have written one since, or had it read. */
function runsWith(paths: WorkspacePaths, { server, text }: ReadList): boolean {
  const running = runningBroker(paths)?.server;
  return running != null && isSameProcess(running, server) && isAccepted(paths, text);
}

function letBy(paths: WorkspacePaths): ServerLets {
  const version = runningBroker(paths)?.version;
  const configuration = readIfThere(paths.serverConfiguration) ?? "";
  return {
    inOrder: version !== undefined && !isAtLeast(version, 2, 11) && exportsPiecesInOrder(configuration),
    isByInvitation: configuration === "" || exportsToInvitations(configuration),
  };
}

/** Makes the server read its configuration again. It answers only in its log; undefined: it died, or says nothing. */
async function reload(
  paths: WorkspacePaths,
  server: ProcessIdentity,
  limit: number,
): Promise<"done" | { readonly refusal: string } | undefined> {
  const logStart = sizeOf(paths.serverLog);
  signalProcess(server, "SIGHUP");
  while (isAlive(server) && performance.now() < limit) {
    const said = readFrom(paths.serverLog, logStart);
    const [, refusal] = /Failed to reload server configuration: (.*)/.exec(said) ?? [];
    if (refusal !== undefined) return { refusal };
    if (said.includes("Reloaded server configuration")) return "done";
    await delay(5);
  }
  return undefined;
}

/** Whether a guard is starting, which writes broker.json once its server answers. */
function isStarting(paths: WorkspacePaths): boolean {
  const owner = readLockOwner(paths.brokerLock);
  return owner !== undefined && owner !== "unreadable" && isAlive(owner.identity);
}
