/**
 * Program: `node idle-workers.js FILE`: real workers without a run in one process, each with its own connection, key
 * and node. FILE: `{url, folder, workers: [{worker, nkeySeed}]}`. Prints `idle` once all were told that there is no run
 * for them.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inboxPrefix } from "../../shared/broker/access/accounts.ts";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { workersNames } from "../../shared/broker/client/local-names.ts";
import { systemChance } from "../../shared/chance.ts";
import { programVersion } from "../../shared/components/version.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { fileLog } from "../../shared/log.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { watchForWaking } from "../../worker/joining/wake-watch.ts";
import { WorkerNode } from "../../worker/node/node.ts";
import { RunnerPool } from "../../worker/node/runner-pool.ts";
import { FileSpool } from "../../worker/node/spool.ts";

export interface IdleWorkers {
  readonly url: string;
  readonly folder: string;
  readonly workers: readonly { readonly worker: WorkerId; readonly nkeySeed: string }[];
}

const { url, folder, workers } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as IdleWorkers;
const log = fileLog(join(folder, "workers.log"), "nexus-worker");
let idle = 0;

/** Workers that connect at once. */
const together = 10;

for (let from = 0; from < workers.length; from += together)
  await Promise.all(workers.slice(from, from + together).map(begin));

async function begin({ worker, nkeySeed }: IdleWorkers["workers"][number]): Promise<void> {
  const stateDir = join(folder, worker);
  const bus = await connectBus({
    url,
    credentials: { nkeySeed },
    name: worker,
    inbox: inboxPrefix(worker),
    names: workersNames,
    isOneOfMany: true,
    waitForBroker: true,
  });
  const options = {
    worker,
    bootId: systemChance.nonce(),
    version: programVersion(),
    slots: 2,
    targets: [],
    opportunistic: false,
    noCode: false,
    stateDir,
  };
  const ports = {
    bus,
    clock: systemClock,
    chance: systemChance,
    log,
    runners: new RunnerPool(log),
    spool: new FileSpool(join(stateDir, "spool")),
    unpackCode: () => stateDir,
    removeFolder: (each: string) => rmSync(each, { recursive: true, force: true }),
  };
  let wasIdle = false;
  const node = new WorkerNode(ports, options, ({ kind }) => {
    if (kind !== "waiting" || wasIdle) return;
    wasIdle = true;
    idle += 1;
    if (idle === workers.length) process.stdout.write("idle\n");
  });
  watchForWaking(systemClock, () => node.woke());
  void node.work();
}
