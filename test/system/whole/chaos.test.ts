import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mustEnd } from "../../support/cleanup.ts";

const program = fileURLToPath(new URL("../../chaos/main.js", import.meta.url));

test("every promise is kept through a short life of chaos, without a person's help", async () => {
  const args = ["--faults", "12", "--seed", "5", "--every", "0.7", "--workers", "3", "--run-seconds", "1"];
  const env = { ...process.env, NEXUS_PRIORITY: "normal" };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  mustEnd(child.pid);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => {
      said += data.toString();
    });
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, said);
  assert.match(said, /\n {2}faults +12\n/, said);
  assert.match(said, /completions lost +0\n {2}counted twice +0\n/, said);
  assert.match(said, /manual steps +0\n/, said);
  const [, completed, of] = /runs completed +(\d+) of (\d+)\n/.exec(said) ?? [];
  assert.ok(completed !== undefined && completed === of, said);
});
