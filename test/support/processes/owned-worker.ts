import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { systemChance } from "../../../shared/chance.ts";
import { programVersion } from "../../../shared/components/version.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { fileLog } from "../../../shared/log.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { workerIdentity } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { WorkerNode } from "../../../worker/node/node.ts";
import { RunnerPool } from "../../../worker/node/runner-pool.ts";
import { FileSpool } from "../../../worker/node/spool.ts";
import { CpuQuota } from "../../../worker/owner/cpu-quota.ts";
import { detectorsFor } from "../../../worker/owner/detectors/all-detectors.ts";
import { OwnProcesses } from "../../../worker/owner/detectors/own-processes.ts";
import { SystemFiles } from "../../../worker/owner/detectors/system-files.ts";
import { MemoryQuota } from "../../../worker/owner/memory-quota.ts";
import { OwnerWatch } from "../../../worker/owner/owner-watch.ts";
import { type Rules, usualRules } from "../../../worker/owner/rules.ts";

export interface OwnedWorker {
  readonly node: WorkerNode;
  /** What its owner was told, line by line. */
  readonly said: string[];
  /** Ends the worker; its runs are handed back. */
  leave(): Promise<void>;
}

/**
 * A worker in this process whose runs are real processes. It sees only the given terminals of its owner: on this
 * machine somebody may type at others, and other tests use the processor.
 */
export async function ownedWorker(
  name: string,
  joinLine: string,
  folder: string,
  rules: Partial<Rules>,
  terminals: readonly string[],
): Promise<OwnedWorker> {
  const root = join(folder, "root");
  for (const terminal of terminals) {
    mkdirSync(dirname(join(root, terminal)), { recursive: true });
    symlinkSync(terminal, join(root, terminal));
  }
  const line = parseJoinLine(joinLine);
  const log = fileLog(join(folder, "worker.log"), "nexus-worker");
  const { worker, nkeySeed } = await workerIdentity(folder, name as WorkerId, line, () => undefined);
  const bus = await connectBus({
    url: line.url,
    credentials: { nkeySeed },
    name: worker,
    inbox: inboxPrefix(worker),
  });
  const options = {
    worker,
    bootId: systemChance.nonce(),
    version: programVersion(),
    slots: 1,
    targets: [name],
    opportunistic: false,
    noCode: false,
    stateDir: folder,
  };
  const ports = {
    bus,
    clock: systemClock,
    chance: systemChance,
    log,
    runners: new RunnerPool(log),
    spool: new FileSpool(join(folder, "spool")),
    unpackCode: () => folder, // its jobs bring none
    removeFolder: (each: string) => rmSync(each, { recursive: true, force: true }),
  };
  const said: string[] = [];
  const node = new WorkerNode(ports, options, ({ text }) => said.push(text));
  const files = new SystemFiles(root);
  const own = new OwnProcesses();
  const watch = new OwnerWatch(
    {
      clock: systemClock,
      log,
      lender: node,
      source: { path: "worker.yaml", poll: () => undefined },
      detectors: ({ signs }) =>
        detectorsFor(
          { signs, load: false, power: false, temperature: false },
          { clock: systemClock, log, own, runs: () => node.running, files },
        ),
      memory: new MemoryQuota(node, () => 0),
      cpu: new CpuQuota(node, () => 0, 1),
      pretence: null,
      tell: (text) => said.push(text),
    },
    { ...usualRules, signs: ["terminals"], slots: 1, ...rules },
  );
  watch.start();
  const working = node.work();
  return {
    node,
    said,
    leave: async () => {
      watch.stop();
      node.handBack("the test is over");
      await working;
      await bus.close();
    },
  };
}
