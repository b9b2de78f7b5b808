import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Timer } from "../../../../shared/ports.ts";
import { ProgramWatch, programGone, programParts } from "../../../../worker/joining/program-watch.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a worker's program that is gone for longer than an update takes is said once", () => {
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
  const told = (): void => assert.fail("no run has failed of it");
  new ProgramWatch([node, program]).watch({ every }, told, (part) => {
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

test("once a run failed as its worker's program is missing, none is taken until it is there again", () => {
  const part = join(temporaryFolder(), "node");
  writeFileSync(part, "");
  const watch = new ProgramWatch([part]);
  const told: boolean[] = [];
  let tick: () => void = () => assert.fail("nothing was begun");
  const timer: Timer = { cancel: () => undefined, unref: () => timer };
  const every = (_: number, action: () => void): Timer => {
    tick = action;
    return timer;
  };
  watch.watch({ every }, (isThere) => void told.push(isThere), assert.fail);
  assert.equal(watch.blame(), "");
  rmSync(part);
  tick();
  assert.deepEqual(told, [], "what runs already may need nothing of it");
  for (let run = 0; run < 3; run += 1) assert.equal(watch.blame(), programGone);
  assert.deepEqual(told, [false]);
  tick();
  writeFileSync(part, "");
  tick();
  tick();
  assert.deepEqual(told.slice(1), [true]);
  assert.equal(watch.blame(), "");
});

test("the program of a worker is its Node and its own files, which are there", () => {
  const parts = programParts();
  assert.equal(parts.length, 2);
  assert.equal(new ProgramWatch(parts).blame(), "");
  assert.equal(new ProgramWatch([...parts, "/no/such/part"]).blame(), programGone);
});
