import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Timer } from "../../../../shared/ports.ts";
import { watchProgram } from "../../../../worker/joining/program-watch.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a program that is gone for longer than an update takes is said once", () => {
  const program = join(temporaryFolder(), "node");
  writeFileSync(program, "");
  let tick: () => void = () => assert.fail("nothing was begun");
  const counts = { cancelled: 0, gone: 0 };
  const count = (what: keyof typeof counts): void => {
    counts[what] += 1;
  };
  const timer: Timer = { cancel: () => count("cancelled"), unref: () => timer };
  const every = (_: number, action: () => void): Timer => {
    tick = action;
    return timer;
  };
  watchProgram({ every }, () => count("gone"), program);
  tick();
  rmSync(program);
  tick();
  tick();
  writeFileSync(program, "");
  tick();
  rmSync(program);
  tick();
  tick();
  assert.deepEqual(counts, { cancelled: 0, gone: 0 });
  tick();
  assert.deepEqual(counts, { cancelled: 1, gone: 1 });
});
