import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { identify, isAlive, type ProcessIdentity } from "../../../shared/machine/process-identity.ts";
import { childrenOf, descendantsOf } from "../../../shared/machine/process-tree.ts";
import { plainHousing } from "../../../worker/node/housing.ts";
import { RunnerPool } from "../../../worker/node/runner-pool.ts";
import { FrozenProcess } from "../../../worker/processes/frozen-process.ts";
import { reaperWords } from "../../../worker/processes/reaper/reaper.ts";
import { reaperSignal } from "../../../worker/processes/reaper/scripts.ts";
import { atEnd, mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { readIfThere } from "../../support/process-list.ts";
import { shellTask } from "../../support/processes/run-task.ts";
import { silentLog } from "../../support/stories/reign.ts";

const kind = { lowPriority: false, cores: 1, network: false };
const isFrozen = (pid: number): boolean => /\) T /.test(readIfThere(`/proc/${pid}/stat`));

/** Shell that starts a daemon: in its own session, without environment or parent; it writes its pid to the file. */
const daemon = (file: string): string =>
  `(setsid env -i /bin/sh -c 'echo $$ >${file}.new && mv ${file}.new ${file}; exec sleep 1000' &)`;

async function startedDaemon(file: string): Promise<ProcessIdentity> {
  const pid = await eventually("it is there", () => Number(readIfThere(file)) || false);
  mustEnd(pid);
  const found = identify(pid);
  assert.ok(found);
  return found;
}

/** Runs `act` with a pool that is closed in any case: its idle processes would keep this one alive. */
async function withRunners(act: (runners: RunnerPool) => Promise<void>): Promise<void> {
  const runners = new RunnerPool(silentLog);
  try {
    await act(runners);
  } finally {
    await runners.close();
  }
}

describe("what a run detaches", () => {
  test("what a run detaches ends with it, and holds up neither its end nor its slot by an open output", () =>
    withRunners(async (runners) => {
      const file = join(temporaryFolder(), "pid");
      const script = `${daemon(file)}; while [ ! -e ${file} ]; do sleep 0.01; done; echo '{"value": 3}'`;
      const first = runners.run(kind, shellTask(script), () => undefined);
      const end = await first.end;
      assert.ok(end.type === "done" && end.hpmax === 3);
      const left = identify(Number(readFileSync(file, "utf8")));
      await eventually("it is ended, though its runner goes on", () => !left || !isAlive(left));
      const next = runners.run(kind, { ...shellTask("echo '{\"value\": 4}'"), job: "job2" }, () => undefined);
      assert.equal(next.pid, first.pid, "the runner is free for another run");
      const second = await next.end;
      assert.ok(second.type === "done" && second.hpmax === 4);
    }));

  test("what a run detaches stands still with the run, and ends with the worker's pool", async () => {
    let left: ProcessIdentity | undefined;
    await withRunners(async (runners) => {
      const file = join(temporaryFolder(), "pid");
      const running = runners.run(kind, shellTask(`${daemon(file)}; sleep 1000`), () => undefined);
      const found = await startedDaemon(file);
      left = found;
      running.freeze();
      await eventually("it stands still", () => isFrozen(found.pid));
      running.thaw();
      await eventually("it goes on", () => !isFrozen(found.pid));
      running.freeze();
    });
    await eventually("it is ended", () => left && !isAlive(left));
  });
});

const reapers = ["perl", "python3"].flatMap((name) => {
  const words = reaperWords([name]);
  return words ? [{ name, words }] : [];
});

test("a machine of ours has a reaper", () => assert.ok(reapers.length > 0));

for (const { name, words } of reapers) {
  const start = (command: readonly string[], env = process.env): ChildProcess => {
    const [program = "", ...rest] = [...words, ...command];
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit", "pipe"], env });
    mustEnd(child.pid);
    return child;
  };

  describe(`a reaper in ${name}`, { concurrency: true }, () => {
    test(`a reaper in ${name} ends as its command ends, and passes descriptors through`, async () => {
      assert.deepEqual(await once(start(["sh", "-c", "exit 7"]), "exit"), [7, null]);
      assert.deepEqual(await once(start(["sh", "-c", "kill -KILL $$"]), "exit"), [null, "SIGKILL"]);
      assert.deepEqual(await once(start(["sh", "-c", "kill -HUP $$"]), "exit"), [null, "SIGHUP"]);
      const speaker = start(["sh", "-c", "echo $NEXUS_REAPER >&3"]);
      const [said] = (await once(speaker.stdio[3] as NodeJS.ReadableStream, "data")) as [Buffer];
      assert.equal(Number(String(said)), speaker.pid);
    });

    test(`a reaper in ${name} ends what its command has detached, also when told to end, and also frozen`, async () => {
      for (const how of ["by itself", "told", "frozen"]) {
        const file = join(temporaryFolder(), "pid");
        const waits = how === "by itself" ? "read _ <&3" : "sleep 1000";
        const child = start(["sh", "-c", `${daemon(file)}; ${waits}`]);
        const left = await startedDaemon(file);
        const ended = once(child, "exit");
        if (how === "frozen") {
          new FrozenProcess(child.pid ?? 0, { isReaper: true });
          await eventually("it stands still", () => isFrozen(left.pid));
        }
        if (how === "by itself") (child.stdio[3] as NodeJS.WritableStream).write("go\n");
        else child.kill(reaperSignal);
        assert.deepEqual(await ended, how === "by itself" ? [0, null] : [null, "SIGKILL"], how);
        assert.ok(!isAlive(left), `${how}: it is gone before its reaper`);
      }
    });

    test(`a reaper in ${name} lives on when SIGTERM reaches everybody, and its command gets the signal`, async () => {
      const child = start(["sh", "-c", "trap 'echo term >&3' TERM; echo ready >&3; while :; do read _ <&3; done"]);
      const pipe = child.stdio[3] as Duplex;
      let heard = "";
      pipe.on("error", () => undefined); // its other end is killed with a line unread
      pipe.on("data", (bytes: Buffer) => {
        heard += bytes.toString();
      });
      await eventually("its command waits", () => heard.includes("ready"));
      for (const pid of [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]) process.kill(pid, "SIGTERM");
      await eventually("the command has got it", () => {
        pipe.write("\n");
        return heard.includes("term");
      });
      assert.equal(child.exitCode ?? child.signalCode, null);
      child.kill(reaperSignal);
      assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    });

    test(`a reaper in ${name} is not ended with what a run has left behind, and serves the next run`, async () => {
      const runners = new RunnerPool(silentLog, { ...plainHousing(), reaper: words });
      const result = async (job: string, script: string) => {
        const running = runners.run(kind, { ...shellTask(script), job }, () => undefined);
        const end = await running.end;
        return { pid: running.pid, hpmax: end.type === "done" ? end.hpmax : end };
      };
      try {
        const first = await result("job1", "(sleep 1000 >/dev/null 2>&1 &); echo '{\"value\": 3}'");
        assert.equal(first.hpmax, 3);
        assert.deepEqual(await result("job2", "echo '{\"value\": 4}'"), { pid: first.pid, hpmax: 4 });
      } finally {
        await runners.close();
      }
    });

    test(`a reaper in ${name} ends everything when its worker is gone, also frozen`, async () => {
      const file = join(temporaryFolder(), "pid");
      const module = new URL("../../../worker/processes/reaper/reaper.js", import.meta.url).href;
      const frozen = new URL("../../../worker/processes/frozen-process.js", import.meta.url).href;
      const script = `const { reaperWords } = await import(${JSON.stringify(module)});
        const { FrozenProcess } = await import(${JSON.stringify(frozen)});
        const { spawn } = await import("node:child_process");
        const [program, ...words] = [...reaperWords([${JSON.stringify(name)}]), "sh", "-c", process.argv[1]];
        const child = spawn(program, words, { stdio: "ignore" });
        process.stdin.once("data", () => { new FrozenProcess(child.pid, { isReaper: true }); console.log("frozen"); });`;
      const worker = spawn(
        process.execPath,
        ["--input-type=module", "-e", script, `${daemon(file)}; setsid sleep 1000`],
        { stdio: ["pipe", "pipe", "inherit"] },
      );
      mustEnd(worker.pid);
      atEnd(() => worker.kill("SIGKILL"));
      const left = await startedDaemon(file);
      await eventually("its command sleeps", () => descendantsOf(worker.pid ?? 0).length >= 3);
      const all = descendantsOf(worker.pid ?? 0).map((pid) => identify(pid));
      worker.stdin.write("freeze\n");
      await once(worker.stdout, "data");
      await eventually("what it detached stands still", () => isFrozen(left.pid));
      assert.equal(childrenOf(worker.pid ?? 0).length, 1);
      worker.kill("SIGKILL");
      await eventually("all are gone", () => [...all, left].every((each) => !each || !isAlive(each)));
    });
  });
}
