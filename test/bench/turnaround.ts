import { rmSync } from "node:fs";
import { join } from "node:path";
import { inboxPrefix } from "../../shared/broker/access/accounts.ts";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { systemChance } from "../../shared/chance.ts";
import { programVersion } from "../../shared/components/version.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { fileLog } from "../../shared/log.ts";
import type { Bus } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { decodeAnswer } from "../../shared/wire/messages.ts";
import { workerIdentity } from "../../worker/joining/identity.ts";
import { parseJoinLine } from "../../worker/joining/join-line.ts";
import { WorkerNode } from "../../worker/node/node.ts";
import { RunnerPool } from "../../worker/node/runner-pool.ts";
import { FileSpool } from "../../worker/node/spool.ts";

/** A one-slot worker in this process. `gaps`: milliseconds from each result's publication to the next assignment. */
export async function watchedWorker(
  joinLine: string,
  folder: string,
): Promise<{ readonly gaps: number[]; isConnected(): boolean; stop(): Promise<void> }> {
  const line = parseJoinLine(joinLine);
  const log = fileLog(join(folder, "bench-worker.log"), "nexus-worker");
  const { worker, nkeySeed } = await workerIdentity(folder, "bench-watched" as WorkerId, line, () => undefined);
  const credentials = { nkeySeed };
  const bus = await connectBus({ url: line.url, credentials, name: worker, inbox: inboxPrefix(worker) });
  const gaps: number[] = [];
  const options = {
    worker,
    bootId: systemChance.nonce(),
    version: programVersion(),
    slots: 1,
    targets: [],
    opportunistic: false,
    noCode: false,
    stateDir: folder,
  };
  const ports = {
    bus: watched(bus, gaps),
    clock: systemClock,
    chance: systemChance,
    log,
    runners: new RunnerPool(log),
    spool: new FileSpool(join(folder, "spool")),
    unpackCode: () => folder, // its job brings none
    removeFolder: (each: string) => rmSync(each, { recursive: true, force: true }),
  };
  const node = new WorkerNode(ports, options, () => undefined);
  const working = node.work();
  return {
    gaps,
    isConnected: () => bus.isConnected(),
    stop: async () => {
      node.handBack("the bench is over");
      await working;
      await bus.close();
    },
  };
}

function watched(bus: Bus, gaps: number[]): Bus {
  let publishedAt = 0;
  return new Proxy(bus, {
    get(target, key) {
      if (key === "store") {
        return (...args: Parameters<Bus["store"]>) => {
          if (args[0].endsWith(".result")) publishedAt = performance.now();
          return target.store(...args);
        };
      }
      if (key === "request") {
        return async (...args: Parameters<Bus["request"]>) => {
          const answer = await target.request(...args);
          if (publishedAt > 0 && decodeAnswer(answer).kind === "assigned") {
            gaps.push(performance.now() - publishedAt);
            publishedAt = 0;
          }
          return answer;
        };
      }
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
