import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { InHand } from "../../../../worker/node/told/what-runs.ts";
import { readStatus, StatusFile } from "../../../../worker/status/status-file.ts";
import { dayOf, type OwnStatus, statusLine } from "../../../../worker/status/worker-status.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const noon = new Date(2026, 10, 28, 12).getTime();
const job7: InHand = { job: "job7", what: "own program train.py", runs: 3, isLowPriority: true };
const fixed = {
  worker: "lab-1",
  workspace: "ws1",
  server: "tls://host:4222",
  pid: 4711,
  hasTerminal: true,
  givesWay: true,
  slots: 4,
  promises: ["nothing while you type"],
};
const status: OwnStatus = {
  ...fixed,
  startedAt: noon,
  writtenAt: noon,
  jobs: [job7],
  done: 212,
  day: dayOf(noon),
  waits: "",
  withheld: "",
};

describe("one line for a machine's owner", () => {
  const lends = "lab-1 lends 4 slots to ws1 at tls://host:4222: ";
  for (const [what, change, expected] of [
    [
      "what it does for whom, how, and how to stop it",
      {},
      "3 runs of job7 (own program train.py), 212 runs done today, lowest priority, nothing while you type; stop: Ctrl-C",
    ],
    [
      "that no run has come yet",
      { jobs: [], done: 0 },
      "no run yet, lowest priority, nothing while you type; stop: Ctrl-C",
    ],
    [
      "why it waits",
      { jobs: [], done: 1, waits: "job1 is paused: lunch\n  type: nexus resume job1" },
      "no run now (job1 is paused: lunch), 1 run done today, lowest priority, nothing while you type; stop: Ctrl-C",
    ],
    [
      "that runs are frozen, and why",
      { withheld: "somebody types; lends again after 5 min" },
      "3 runs of job7 (own program train.py), frozen (somebody types; lends again after 5 min), 212 runs done today, lowest priority, nothing while you type; stop: Ctrl-C",
    ],
    [
      "why it lends nothing now",
      { jobs: [], done: 0, withheld: "on battery" },
      "nothing now (on battery), lowest priority, nothing while you type; stop: Ctrl-C",
    ],
    [
      "that runs do not give way, as NEXUS_PRIORITY says",
      { givesWay: false },
      "3 runs of job7 (own program train.py), 212 runs done today, usual priority (NEXUS_PRIORITY=normal), nothing while you type; stop: Ctrl-C",
    ],
    [
      "which job runs at the usual priority",
      { jobs: [job7, { job: "job8", what: "a.yaml", runs: 1, isLowPriority: false }], done: 0 },
      "3 runs of job7 (own program train.py) and 1 run of job8 (a.yaml), usual priority for job8 (low_priority: false), nothing while you type; stop: Ctrl-C",
    ],
  ] as const) {
    test(`the status line of a worker says ${what}`, () =>
      assert.equal(statusLine({ ...status, ...change }, noon, true), lends + expected));
  }

  test("the status line elsewhere names the process, and does not count yesterday's runs as today's", () => {
    assert.match(
      statusLine(status, noon, false),
      /212 runs done today, .*; stop: Ctrl-C in its terminal, or: kill 4711$/,
    );
    assert.match(statusLine({ ...status, hasTerminal: false }, noon, false), /; stop: kill 4711$/);
    assert.doesNotMatch(statusLine(status, noon + 86_400_000, false), /done today/);
  });

  test("text from elsewhere in the status line moves no cursor", () => {
    assert.equal(statusLine({ ...status, waits: "\u001b[2J", jobs: [] }, noon, true).includes("\u001b"), false);
  });
});

describe("the file that nexus-worker status reads", () => {
  function kept(folder: string) {
    const due: (() => void)[] = [];
    const troubles: unknown[] = [];
    const told = { wall: noon, slots: 4, jobs: [job7] as InHand[], withheld: "" };
    const open = () =>
      new StatusFile(folder, fixed, {
        wall: () => told.wall,
        after: (_ms, act) => void due.push(act),
        now: () => ({ slots: told.slots, jobs: told.jobs, withheld: told.withheld, promises: fixed.promises }),
        onTrouble: (error) => void troubles.push(error),
      });
    return { due, troubles, told, open };
  }

  test("only the owner reads a worker's status file; changes at once are one write, and a restart counts on", () => {
    const folder = temporaryFolder();
    const { due, told, open } = kept(folder);
    const file = open();
    file.ended();
    file.ended();
    file.waits("no job is open");
    assert.equal(due.length, 1);
    assert.equal(readStatus(folder), undefined);
    due[0]?.();
    assert.equal(statSync(join(folder, "status.json")).mode & 0o777, 0o600);
    assert.deepEqual(readStatus(folder), { ...status, done: 2, waits: "no job is open" });
    assert.equal(open().status.done, 2);
    // The owner has changed the file of rules meanwhile.
    told.slots = 1;
    file.changed();
    due[1]?.();
    assert.equal(readStatus(folder)?.slots, 1);
    told.wall += 86_400_000;
    assert.equal(open().status.done, 0);
    file.ended();
    assert.equal(file.status.done, 1);
  });

  test("a folder that takes no status file is said once, and the worker goes on", () => {
    const folder = join(temporaryFolder(), "gone");
    const { troubles, open } = kept(folder);
    const file = open();
    file.write();
    file.write();
    assert.equal(troubles.length, 1);
    mkdirSync(folder);
    chmodSync(folder, 0o700);
    file.write();
    assert.equal(readStatus(folder)?.worker, "lab-1");
    rmSync(folder, { recursive: true });
  });

  test("a file that is no status file says nothing", () => {
    const folder = temporaryFolder();
    for (const text of ["", "{", "[]", "{}", '{"worker":"a","workspace":"b"}']) {
      writeFileSync(join(folder, "status.json"), text);
      assert.equal(readStatus(folder), undefined);
    }
    writeFileSync(
      join(folder, "status.json"),
      '{"worker":"a","workspace":"b","pid":1,"jobs":[null,{"job":1}],"done":"x"}',
    );
    assert.deepEqual([readStatus(folder)?.jobs, readStatus(folder)?.done], [[], 0]);
  });
});
