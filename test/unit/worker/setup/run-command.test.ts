import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ending } from "../../../../shared/time/ending.ts";
import { reaperWords } from "../../../../worker/processes/reaper/reaper.ts";
import { runCommand, SetupOutput } from "../../../../worker/setup/run-command.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a setup's command that the system refuses has failed, and this process makes its files as before", async () => {
  const folder = temporaryFolder();
  const output = new SetupOutput(join(folder, "log"));
  const before = process.umask();
  const options = { cwd: folder, env: { PATH: "/usr/bin:/bin" }, limitMs: 60_000, signal: new Ending() };
  try {
    assert.match(await runCommand(["sh", "-c", "true\0"], options, output), /^cannot be started: .*null bytes/);
    // A word of more than 128 KB.
    const long = `true ${"x".repeat(1 << 18)}`;
    assert.match(await runCommand(["sh", "-c", long], options, output), /^(cannot be started: )?spawn E2BIG$/);
    assert.equal(process.umask(), before);
  } finally {
    output.close();
  }
});

test("a setup's output that finds no room on the disk ends nothing, and its last lines are known", async (t) => {
  if (!existsSync("/dev/full")) return t.skip("there is no /dev/full here");
  const output = new SetupOutput("/dev/full");
  const options = { cwd: "/", env: { PATH: "/usr/bin:/bin" }, limitMs: 60_000, signal: new Ending() };
  assert.equal(await runCommand(["sh", "-c", "echo one; echo two; exit 3"], options, output), "ended with exit code 3");
  assert.deepEqual(output.lastLines, ["one", "two"]);
  output.close();
});

test("a setup's program that is not there is said to be so, with and without a reaper", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "here.sh"), "#!/bin/sh\n", { mode: 0o700 });
  const output = new SetupOutput(join(folder, "log"));
  const options = { cwd: folder, env: { PATH: "/usr/bin:/bin" }, limitMs: 60_000, signal: new Ending() };
  const reapers = [undefined, ["perl"], ["python3"]].map((names) => names && reaperWords(names));
  for (const reaper of reapers) {
    const said = (...words: string[]): Promise<string> => runCommand(words, { ...options, reaper }, output);
    assert.equal(await said("no-such-program"), "there is no program no-such-program here");
    assert.equal(await said("./gone.sh"), "there is no program ./gone.sh here");
    assert.deepEqual([await said("./here.sh"), await said(join(folder, "here.sh")), await said("true")], ["", "", ""]);
  }
  output.close();
});
