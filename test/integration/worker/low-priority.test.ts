import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { descendantsOf } from "../../../shared/machine/process-tree.ts";
import { type Housing, plainHousing } from "../../../worker/node/housing.ts";
import { RunnerPool } from "../../../worker/node/runner-pool.ts";
import { systemPriority } from "../../../worker/processes/priority/priority.ts";
import { Sandbox } from "../../../worker/processes/sandbox.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { shellTask } from "../../support/processes/run-task.ts";
import { type SeenStanding, standingOf } from "../../support/processes/standing.ts";
import { silentLog } from "../../support/stories/reign.ts";

const priority = systemPriority({});
const plain: Housing = { ...plainHousing(), priority };

/** Starts a program that starts another in its own session; returns the priorities of all processes of that run. */
async function standings(
  housing: Housing,
  lowPriority: boolean,
  isAsWanted: (seen: SeenStanding) => boolean,
  areAllThere = haveBothSessions,
) {
  const runners = new RunnerPool(silentLog, housing);
  try {
    const kind = { lowPriority, cores: 1, network: false };
    const { pid } = runners.run(kind, shellTask("setsid sleep 1000 & sleep 1000"), () => undefined);
    mustEnd(pid);
    let seen: SeenStanding[] = [];
    await eventually(
      "they stand so",
      () => {
        seen = [pid, ...descendantsOf(pid)].flatMap((each) => standingOf(each) ?? []);
        return areAllThere(seen) && seen.every(isAsWanted);
      },
      { everyMs: 50, seen: () => JSON.stringify(seen, null, 1) },
    );
    return seen;
  } finally {
    await runners.close();
  }
}

function haveBothSessions(seen: readonly SeenStanding[]): boolean {
  const programs = seen.filter(({ name }) => name === "sleep");
  return new Set(programs.map(({ session }) => session)).size === 2;
}

const isLow = ({ policies, nice, groupNice, disk, oomScore }: SeenStanding): boolean =>
  policies.every((policy) => policy === 5) &&
  // Otherwise another worker would take them for the owner's programs.
  nice === 19 &&
  (groupNice ?? 19) === 19 &&
  disk === "idle" &&
  oomScore === 800;

describe("a run", { concurrency: true }, () => {
  test("a run of low priority gives way with every thread, program and session of it", async () => {
    const own = standingOf(process.pid);
    const seen = await standings(plain, true, isLow);
    assert.ok(
      seen.some(({ policies }) => policies.length > 4),
      "the runner has threads",
    );
    assert.ok(
      seen.every(({ session }) => session !== own?.session),
      "none is in our session, whose group is the owner's",
    );
    assert.deepEqual(standingOf(process.pid)?.groupNice, own?.groupNice);
  });

  test("a run of low priority gives way in a sandbox too", async () => {
    const boxed = { ...plain, sandbox: Sandbox.open({ readable: [], hidden: [] }), reaper: undefined };
    // Node 24 names its main thread, and so its process, "MainThread".
    await standings(boxed, true, isLow, (seen) => seen.some(({ name }) => name === "node" || name === "MainThread"));
  });

  test("a run with low_priority: false keeps normal priority, but goes first when memory is short", async () => {
    const own = standingOf(process.pid);
    await standings(plain, false, ({ policies, nice, groupNice, oomScore }) => {
      assert.ok(policies.every((policy) => policy === own?.policies[0]));
      return nice === own?.nice && (groupNice ?? 0) === 0 && oomScore === 800;
    });
  });
});
