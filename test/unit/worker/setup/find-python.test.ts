import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a worker that asks a Python its version executes nothing of its working folder or its HOME", () => {
  const home = temporaryFolder();
  const outside = join(home, "executed");
  const plant = `open(${JSON.stringify(outside)}, "w")\n`;
  const asked = ["-c", "import site; print(site.getusersitepackages())"];
  const env = { PATH: process.env["PATH"], HOME: home };
  const site = spawnSync("python3", asked, { env, encoding: "utf8" }).stdout.trim();
  assert.ok(site.startsWith(home), site);
  mkdirSync(site, { recursive: true });
  writeFileSync(join(site, "planted.pth"), `import sys; ${plant}`);
  writeFileSync(join(home, "json.py"), plant);
  const finder = new URL("../../../../worker/setup/find-python.js", import.meta.url).href;
  const script = `const { findPython } = await import("${finder}"); console.log((await findPython(null, process.env)).version);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    ...{ cwd: home, env, encoding: "utf8" },
  });
  assert.match(stdout, /^3\.\d+\.\d+\n$/);
  assert.ok(!existsSync(outside));
});
