import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { linuxPriority } from "../../../worker/processes/priority/linux-priority.ts";
import { otherPriority } from "../../../worker/processes/priority/other-priority.ts";
import type { Priority } from "../../../worker/processes/priority/standing.ts";
import { mustEnd } from "../../support/cleanup.ts";

interface PriorityImplementation {
  readonly name: string;
  readonly priority: Priority;
}

/** Not macOS, which needs a tool of its own: priority.test.ts only compares the words for it. */
export const priorityImplementations: readonly PriorityImplementation[] = [
  { name: "Linux", priority: linuxPriority },
  { name: "other systems", priority: otherPriority("win32") },
];

const words = ["two words", "a'quote", '$HOME "b"', ""];
/** Prints the words that it was given, and waits for the end of its input. */
const program = "console.log(JSON.stringify(process.argv.slice(1))); process.stdin.resume()";

/** Starts a runner at this priority; resolves once it runs. */
async function runner(priority: Priority, isLow: boolean): Promise<{ child: ChildProcess; pid: number; told: string }> {
  const standing = priority(isLow);
  const [command = "", ...rest] = [...standing.words, process.execPath, "-e", program, "--", ...words];
  const child = spawn(command, rest, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
  const { pid } = child;
  assert.ok(pid !== undefined);
  mustEnd(pid);
  standing.started(pid);
  const [told] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, pid, told };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.stdin?.end();
  await exited;
}

export function prioritySuite({ name, priority }: PriorityImplementation): void {
  describe(`the priority of runners on ${name}`, () => {
    test(`the priority of runners on ${name} leaves the words of their program as they are`, async () => {
      for (const isLow of [false, true]) {
        const { child, told } = await runner(priority, isLow);
        assert.deepEqual(JSON.parse(told), words);
        await end(child);
      }
    });

    test(`the priority of runners on ${name} is the lowest for low ones, and ours for the others`, async () => {
      for (const [isLow, nice] of [
        [false, getPriority()],
        [true, 19],
      ] as const) {
        const { child, pid } = await runner(priority, isLow);
        assert.equal(getPriority(pid), nice);
        await end(child);
      }
    });

    test(`the priority of runners on ${name} is kept through runs, also for a runner that has ended`, async () => {
      assert.equal(priority(false).keeper(process.pid, assert.fail), undefined);
      const { child, pid } = await runner(priority, true);
      const keeper = priority(true).keeper(pid, assert.fail);
      for (const isOver of [false, true]) {
        if (isOver) await end(child);
        keeper?.begin();
        keeper?.end();
        keeper?.end();
      }
    });
  });
}
