import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

/** Python's environment in a run. @param asks  whether the stage says that the program asks if it should stop */
function inRun(asks: boolean): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  return {
    ...process.env,
    PYTHONPATH: join(packageRoot(), "python/src"),
    NEXUS_STATE: join(folder, "state"),
    NEXUS_SHOULD_STOP: join(folder, "stop"),
    NEXUS_ASKS_SHOULD_STOP: String(asks),
  };
}

const said = (code: string): string =>
  execFileSync("/usr/bin/python3", ["-B", "-c", code], { env: inRun(true), encoding: "utf8" });

describe("SIGTERM to every process at once", () => {
  /** Starts a program that asks whether it should stop, and saves itself then. Resolves when it is ready. */
  async function asking(env: NodeJS.ProcessEnv, first = "") {
    const code = `
import sys, time, nexus_swarm as nexus
${first}
nexus.should_stop()
print("ready", flush=True)
while not nexus.should_stop(): time.sleep(0.01)
nexus.checkpoint_dir.joinpath("saved").write_text("all")
print("saved", flush=True)`;
    const child = spawn("/usr/bin/python3", ["-B", "-c", code], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    mustEnd(child.pid);
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    const ended = once(child, "close");
    await eventually("it has begun", () => output.includes("ready"));
    return { child, ended, output: () => output };
  }
  test("a Python program outlives SIGTERM until the worker has asked, and saves its state", async () => {
    const env = inRun(true);
    const { child, ended, output } = await asking(env);
    child.kill("SIGTERM");
    // The program has taken the signal once /proc shows that its handler is gone.
    const caught = (): bigint =>
      BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? "0"}`);
    await eventually("it has taken the signal", () => (caught() & (1n << 14n)) === 0n);
    assert.equal(child.exitCode, null);
    writeFileSync(env["NEXUS_SHOULD_STOP"] ?? "", "");
    assert.deepEqual(await ended, [0, null]);
    assert.match(output(), /saved/);
  });

  test("a Python program outlives SIGTERM just after the worker asked, but not one that comes later", async () => {
    const asked = '{"reason":"leaving","seconds":1600}\n';
    const busy = "nexus.should_stop(); print('ready', flush=True); time.sleep(60)";
    for (const [secondsAgo, ending] of [
      [0, 0],
      [1200, "SIGTERM"],
    ] as const) {
      const env = inRun(true);
      const { child, ended } = await asking(env, secondsAgo === 0 ? "" : busy);
      // Stopped, so that the file is written before it looks again.
      child.kill("SIGSTOP");
      const file = env["NEXUS_SHOULD_STOP"] ?? "";
      writeFileSync(file, asked);
      const at = Date.now() / 1000 - secondsAgo;
      utimesSync(file, at, at);
      child.kill("SIGTERM");
      child.kill("SIGCONT");
      assert.deepEqual(await ended, typeof ending === "number" ? [ending, null] : [null, ending]);
    }
  });

  test("SIGTERM ends a Python program the second time, after the worker's word, and where it never asks", async () => {
    const alone = await asking(inRun(true));
    // Repeated, because a second signal merges with one that is still pending.
    const again = setInterval(() => alone.child.kill("SIGTERM"), 20);
    assert.deepEqual(await alone.ended, [null, "SIGTERM"]);
    clearInterval(again);
    const env = inRun(true);
    const slow = await asking(env, "nexus.should_stop(); print('ready', flush=True); time.sleep(60)");
    writeFileSync(env["NEXUS_SHOULD_STOP"] ?? "", "");
    slow.child.kill("SIGTERM");
    assert.deepEqual(await slow.ended, [null, "SIGTERM"]);
    const other = await asking(inRun(false));
    other.child.kill("SIGTERM");
    assert.deepEqual(await other.ended, [null, "SIGTERM"]);
  });

  test("SIGTERM ends what a Python program has forked, and a handler of its own is left alone", () => {
    const forks = said(
      `import os, signal, time, nexus_swarm as nexus
nexus.should_stop()
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(1)
os.kill(child, signal.SIGTERM)
print(os.waitpid(child, 0)[1])`,
    );
    assert.equal(forks, "15\n");
    const own = said(
      "import signal, nexus_swarm as nexus; mine = lambda *_: None; signal.signal(signal.SIGTERM, mine); nexus.should_stop(); print(signal.getsignal(signal.SIGTERM) is mine)",
    );
    assert.equal(own, "True\n");
  });
});
