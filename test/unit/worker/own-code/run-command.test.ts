import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Ending } from "../../../../shared/ending.ts";
import { runCommand, SetupOutput } from "../../../../worker/setup/run-command.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a command that the system refuses has failed, and this process makes its files as before", async () => {
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
