import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { identify, isAlive } from "../../../shared/machine/process-identity.ts";
import { FrozenProcess } from "../../../worker/processes/frozen-process.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

const isFrozen = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** A program that has started another one, with the pids of both. */
async function family(): Promise<{ parent: number; child: number; end(): void }> {
  const shell = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
  mustEnd(shell.pid);
  const child = await new Promise<number>((resolve) => {
    createInterface({ input: shell.stdout }).once("line", (line) => resolve(Number(line)));
  });
  mustEnd(child);
  const parent = shell.pid ?? 0;
  return {
    parent,
    child,
    end: () => {
      for (const pid of [child, parent]) process.kill(pid, "SIGKILL");
    },
  };
}

test("a process is frozen and thawed together with its descendants", async () => {
  const { parent, child, end } = await family();
  const frozen = new FrozenProcess(parent);
  await eventually("both stand still", () => isFrozen(parent) && isFrozen(child));
  frozen.thaw();
  await eventually("both go on", () => !isFrozen(parent) && !isFrozen(child));
  frozen.thaw();
  end();
});

test("a process that somebody else had stopped stays so when the tree around it is thawed", async () => {
  const { parent, child, end } = await family();
  process.kill(child, "SIGSTOP");
  await eventually("it stands still", () => isFrozen(child));
  const frozen = new FrozenProcess(parent);
  await eventually("both stand still", () => isFrozen(parent) && isFrozen(child));
  frozen.thaw();
  await eventually("the other goes on", () => !isFrozen(parent));
  assert.ok(isFrozen(child));
  process.kill(child, "SIGCONT");
  await eventually("it goes on", () => !isFrozen(child));
  // What was frozen and thawed before is nobody else's.
  for (let i = 0; i < 3; i += 1) {
    const again = new FrozenProcess(parent);
    await eventually("both stand still again", () => isFrozen(parent) && isFrozen(child));
    again.thaw();
  }
  await eventually("both go on", () => !isFrozen(parent) && !isFrozen(child));
  end();
});

test("a frozen process does not outlive the one that froze it, however that ends", async () => {
  const { parent, child } = await family();
  const module = fileURLToPath(new URL("../../../worker/processes/frozen-process.js", import.meta.url));
  const script = `const { FrozenProcess } = await import(process.argv[1]);
    new FrozenProcess(${parent});
    console.log("frozen");
    setInterval(() => undefined, 1000);`;
  const worker = spawn(process.execPath, ["--input-type=module", "-e", script, module], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  mustEnd(worker.pid);
  await new Promise((resolve) => worker.stdout.once("data", resolve));
  await eventually("it stands still", () => isFrozen(parent));
  const both = [parent, child].map((pid) => identify(pid));
  worker.kill("SIGKILL");
  await eventually("both are gone", () => both.every((each) => !each || !isAlive(each)));
});

test("processes of another user go on, and all others are frozen and thawed", async () => {
  const { parent, child, end } = await family();
  const isRoot = process.getuid?.() === 0;
  const own = isRoot ? spawn("sleep", ["1000"], { uid: 65_534, stdio: "ignore" }).pid : parent;
  mustEnd(own);
  // Another user's process: root's process 1 or, if this test is root, one of its own.
  const foreign = isRoot ? child : 1;
  const module = fileURLToPath(new URL("../../../worker/processes/frozen-process.js", import.meta.url));
  const script = `const { FrozenProcess } = await import(process.argv[1]);
    if (${isRoot}) process.setuid(65534);
    const frozen = new FrozenProcess(${own}, { detached: () => [${foreign}] });
    console.log(JSON.stringify(frozen.others));
    process.stdin.once("data", () => { frozen.thaw(); console.log("thawed"); });
    setInterval(() => undefined, 1000);`;
  const worker = spawn(process.execPath, ["--input-type=module", "-e", script, module], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  mustEnd(worker.pid);
  const said = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  assert.equal((await said.next()).value, `[${foreign}]`);
  assert.ok(own !== undefined);
  await eventually("its own stands still", () => isFrozen(own));
  worker.stdin.write("thaw\n");
  assert.equal((await said.next()).value, "thawed");
  await eventually("its own goes on", () => !isFrozen(own));
  worker.kill("SIGKILL");
  if (own !== parent) process.kill(own, "SIGKILL");
  end();
});
