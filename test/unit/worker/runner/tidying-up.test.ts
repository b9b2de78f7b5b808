import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import type { FromRunner, RunTask } from "../../../../worker/runner/protocol.ts";
import { TaskRun } from "../../../../worker/runner/task-run.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { taskOf } from "../../../support/processes/run-task.ts";

let jobs = 0;

/** The message with which a run ended. */
async function endOf(task: RunTask): Promise<FromRunner> {
  const told: FromRunner[] = [];
  jobs += 1;
  const own = { ...task, job: `job${jobs}` };
  await new TaskRun({ type: "run", id: 1, ...own }, (message) => told.push(message)).execute();
  return told.at(-1) ?? assert.fail("nothing was told");
}

/** Its state folder cannot be read. */
function withoutStates(task: RunTask): RunTask {
  mkdirSync(dirname(task.stateDirectory), { recursive: true });
  writeFileSync(task.stateDirectory, "");
  return { ...task, hasStateFiles: true };
}

const trained = "{component: processors/Probe_Proc, reports: 1, seconds: 0, value: *a}";
const failing = "{component: processors/Probe_Proc, reports: 2, seconds: 0, value: *a, misbehaviour: throw}";

describe("a run whose files cannot be tidied up", () => {
  test("a run that trained to its end is done though its console cannot be written to its folder", async () => {
    const inTheWay =
      "{component: processors/Probe_Proc, reports: 1, seconds: 0, value: *a, writes: [console.txt/file]}";
    const end = await endOf({ ...taskOf(inTheWay), keepFiles: true });
    assert.ok(end.type === "done", JSON.stringify(end));
    assert.equal(end.hpmax, 3);
    assert.match(end.console, /not all files of the run are kept: /);
  });

  test("a run that trained to its end is done though the files of earlier attempts cannot be read", async () => {
    const end = await endOf(withoutStates(taskOf(trained)));
    assert.ok(end.type === "done", JSON.stringify(end));
    assert.match(end.console, /not all files of the run are kept: .*ENOTDIR/);
  });

  test("a run that failed says why though the files of earlier attempts cannot be read", async () => {
    const end = await endOf(withoutStates(taskOf(failing)));
    assert.ok(end.type === "failed", JSON.stringify(end));
    assert.match(end.reason, /told to throw/);
  });
});

test("what earlier attempts left is taken over beside a folder that cannot be read, which is named", () => {
  const base = temporaryFolder();
  // Root may look into any folder, so it gives up its rights first.
  chmodSync(base, 0o777);
  const module = new URL("../../../../worker/runner/run-folder.js", import.meta.url);
  const script = `const { takeOver } = await import(${JSON.stringify(module.href)});
    const { chmodSync, mkdirSync, readdirSync, writeFileSync } = await import("node:fs");
    if (process.getuid() === 0) process.setuid(65534);
    const [own, state] = ["/own", "/state"].map((folder) => process.argv[1] + folder);
    mkdirSync(state + "/closed", { recursive: true });
    writeFileSync(state + "/model", "x");
    chmodSync(state + "/closed", 0);
    const told = [];
    takeOver(own, state, (text) => told.push(text));
    process.stdout.write(JSON.stringify([readdirSync(own), told]));
    chmodSync(state + "/closed", 0o700);`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script, base], { encoding: "utf8" });
  assert.match(said, /^\[\["model"\],\["closed of an earlier attempt is not kept: EACCES[^,]*, scandir '[^']*'"\]\]$/);
});
