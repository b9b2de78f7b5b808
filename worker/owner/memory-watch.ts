import { sizeText } from "../../shared/domain/size-text.ts";
import { residentBytes } from "../../shared/machine/process-tree.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import type { WorkerNode } from "../node/node.ts";
import { readMemory } from "../processes/memory/memory-reading.ts";
import { MemoryRule } from "../processes/memory/memory-rule.ts";

const lookEveryMs = 2000;

export interface MemorySources {
  read: typeof readMemory;
  runsBytes(): number;
}

const system: MemorySources = {
  read: readMemory,
  runsBytes: () => Math.max(0, residentBytes(process.pid) - process.memoryUsage.rss()),
};

/** Watches this machine's memory: hands runs back, or claims none, by MemoryRule. Undefined if it cannot be read. */
export function watchMemory(
  clock: Pick<Clock, "every" | "monotonic">,
  node: Pick<WorkerNode, "running" | "isOwnerHere" | "handBackNewest" | "holdForMemory">,
  { read, runsBytes }: MemorySources = system,
): Timer | undefined {
  if (!read()) return undefined;
  const rule = new MemoryRule();
  let isHeld = false;
  return clock
    .every(lookEveryMs, () => {
      const reading = read();
      if (!reading) return;
      const runs = (): number => (node.running > 0 ? runsBytes() : 0);
      const verdict = rule.judge({ ...reading, runsBytes: runs, isOwnerHere: node.isOwnerHere }, clock.monotonic());
      const why = `its machine is short of memory: ${sizeText(reading.availableBytes)} of ${sizeText(reading.totalBytes)} left`;
      if ((verdict !== "enough") !== isHeld) {
        isHeld = !isHeld;
        node.holdForMemory(isHeld ? why : "");
      }
      if (verdict === "hand back") node.handBackNewest(why);
    })
    .unref();
}
