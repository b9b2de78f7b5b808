import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Timer } from "../../../../shared/ports.ts";
import { missingOf, programParts, watchProgram } from "../../../../worker/joining/program-watch.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a program that is gone for longer than an update takes is said once", () => {
  const folder = temporaryFolder();
  const [node, program] = [join(folder, "node"), join(folder, "package.json")];
  for (const part of [node, program]) writeFileSync(part, "");
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
  let said = "";
  watchProgram({ every }, [node, program], (part) => {
    count("gone");
    said = part;
  });
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
  assert.equal(said, program);
});

test("the program of a worker is its Node and its own files, which are there", () => {
  const parts = programParts();
  assert.equal(parts.length, 2);
  assert.equal(missingOf(parts), undefined);
  assert.equal(missingOf([...parts, "/no/such/part"]), "/no/such/part");
});
