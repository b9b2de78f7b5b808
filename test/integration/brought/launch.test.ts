import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

const library = join(packageRoot(), "python/src");

/** Runs Python as if our library were installed at `place`, without the packages of this machine's Python, which may have a Node. */
const python = async (place: string, code: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  copyFileSync(join(library, "nexus_swarm/_launch.py"), join(place, "nexus_swarm/_launch.py"));
  const words = ["-B", "-S", "-c", `from nexus_swarm import _launch\n${code}`];
  const { stdout } = await promisify(execFile)("/usr/bin/python3", words, {
    cwd: temporaryFolder(),
    env: { ...process.env, PYTHONPATH: place, NEXUS_NODE: process.execPath, ...env },
  });
  return stdout.trim();
};

test("in a checkout nexus_swarm starts the checkout's programs, not those that a wheel was made of", async () => {
  const [checkout, installed] = [temporaryFolder(), temporaryFolder()];
  const packages = join(checkout, "python/src");
  for (const folder of [checkout, join(packages, "nexus_swarm/js"), join(installed, "nexus_swarm/js")]) {
    mkdirSync(join(folder, "dist/worker"), { recursive: true });
    writeFileSync(join(folder, "dist/worker/main.js"), "");
    writeFileSync(join(folder, "package.json"), "{}");
  }
  const started = (place: string): Promise<string> => python(place, "print(_launch.command('worker/main.js')[1])");
  assert.equal(await started(packages), join(checkout, "dist/worker/main.js"));
  assert.equal(await started(installed), join(installed, "nexus_swarm/js/dist/worker/main.js"));
});

test("nexus_swarm takes the Node on the PATH if its version suffices, and else says which one it found", async () => {
  const [packages, path] = [temporaryFolder(), temporaryFolder()];
  for (const file of ["worker/main.js", "coordinator/main.js"]) {
    mkdirSync(join(packages, "nexus_swarm/js/dist", file, ".."), { recursive: true });
    writeFileSync(join(packages, "nexus_swarm/js/dist", file), "");
  }
  const node = join(path, "node");
  const started = async (room: string, version: string): Promise<string> => {
    writeFileSync(node, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const code = `print(_launch.command('${room}/main.js')[0])`;
    return python(packages, code, { PATH: path, NEXUS_NODE: "" });
  };
  assert.equal(await started("worker", "v20.2.0"), node);
  assert.equal(await started("coordinator", "v20.10.0"), node);
  for (const [room, version, message] of [
    ["coordinator", "v20.2.0", /node is v20\.2\.0; expected 20\.3 or newer\n {2}install it again: pip install/],
    ["worker", "v18.20.4", /node is v18\.20\.4; expected 20\.0 or newer/],
    ["worker", "", /node is of an unknown version; expected 20\.0 or newer/],
  ] as const)
    await assert.rejects(started(room, version), { message });
});
