import assert from "node:assert/strict";
import { test } from "node:test";
import { Program } from "../../../../coordinator/own-search/program.ts";
import { systemClock } from "../../../../shared/time/clock.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";

test("an own search that complains without end is read no faster than it may, and goes on", async () => {
  const waiting: (() => void)[] = [];
  const clock = {
    ...systemClock,
    monotonic: () => 0,
    after: (_: number, act: () => void) => {
      waiting.push(act);
      return { cancel: () => undefined, unref: () => systemClock.after(0, () => undefined).unref() };
    },
  };
  let grumbles = 0;
  let end: ((why: string) => void) | undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  const command = ["sh", "-c", "echo ready; yes >&2"];
  const launch = { command, cwd: temporaryFolder(), env: process.env, memory: 1e9 };
  const lines: string[] = [];
  const ears = {
    line: (text: string) => void lines.push(text),
    grumble: () => {
      grumbles += 1;
    },
    ended: (why: string) => end?.(why),
  };
  const program = new Program(launch, ears, clock);
  await eventually("it has to wait", () => waiting.length > 0 && lines.length > 0);
  assert.deepEqual(lines, ["ready"]);
  assert.ok(grumbles > 0 && grumbles <= 100 * 40, `${grumbles} lines of a few chunks`);
  const before = grumbles;
  const goOn = (): void => {
    for (const act of waiting.splice(0)) act();
  };
  goOn();
  await eventually("it is read on", () => grumbles > before && waiting.length > 0);
  program.kill("was killed by this test");
  await eventually("it has ended", () => {
    goOn();
    return program.isOver;
  });
  assert.equal(await ended, "was killed by this test");
});
