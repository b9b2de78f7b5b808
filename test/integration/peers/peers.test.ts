import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import {
  endAll,
  joinLineOf,
  ledElsewhere,
  someoneLeads,
  startPeers,
  tableOf,
  verifyOn,
} from "../../support/processes/peer-machines.ts";
import { lookMs, Swarm } from "../../support/processes/swarm.ts";

/** More runs than any machine completes before the search is cut to those that have ended, plus `littleMore`. */
const manyRuns = 4000;
const littleMore = 20;

describe("a workspace on three machines", () => {
  test("a workspace on three machines goes on without one, waits without two, and ends exactly its runs", async () => {
    const machines = await startPeers();
    const [first] = machines;
    assert.ok(first);
    const spec = first.swarm.probeSpec("peers", { total_runs: manyRuns, hp_tuning: "random" }, { seconds: 1 });
    const job = await first.swarm.submit(spec);
    const workers = new Swarm();
    const line = await joinLineOf(first);
    assert.equal(line.split(",").length, 3, line);
    for (const name of ["one", "two"]) workers.run("worker/main.js", [line, "--name", name, "--slots", "2"]);
    await tableOf(first, job, ({ ended }) => ended >= 4);

    const leader = await someoneLeads(machines);
    const left = machines.filter((each) => each !== leader);
    await ledElsewhere(leader);
    const diedAt = performance.now();
    await leader.losePower();
    const heir = await someoneLeads(left);
    const took = Math.round(performance.now() - diedAt);
    process.stdout.write(`# another peer led ${took} ms after the leader's machine died\n`);
    const last = left.find((each) => each !== heir);
    assert.ok(last);
    const { ended: before } = await tableOf(heir, job, () => true);
    const { ended: atLeast } = await tableOf(heir, job, ({ ended }) => ended > before + 4);

    const saidBefore = last.log.length;
    await heir.losePower();
    const saying = /waiting: 1 of 3 peers is up and 2 are needed/;
    await eventually("the last peer says why it waits", () => saying.test(last.log.slice(saidBefore)), {
      everyMs: lookMs,
      seen: () => last.log.slice(saidBefore),
    });
    const asked = last.swarm.run("coordinator/cli/main.js", ["list", "jobs"]);
    assert.equal((await asked.exited()).code, exitCode.unreachable);
    assert.match(asked.output(), saying);
    assert.match(asked.output(), new RegExp(`${heir.address} does not run`));
    assert.equal(last.coordinator?.child.exitCode, null);

    const backAt = performance.now();
    leader.start();
    heir.start();
    await tableOf(last, job, ({ ended }) => ended > atLeast);
    const went = Math.round(performance.now() - backAt);
    process.stdout.write(`# runs completed again ${went} ms after both were started\n`);
    const total = (await tableOf(last, job, () => true)).ended + littleMore;
    const cut = await nexusAt(["edit", job, "--total-runs", String(total), "--yes"], last.swarm.folder);
    assert.equal(cut.code, exitCode.done, cut.stderr);
    const begun = (await tableOf(last, job, () => true)).trials.length;
    const table = await tableOf(last, job, ({ state }) => state === "completed");
    // Runs that had begun before the cut also end.
    assert.equal(table.ended, Math.max(total, begun));
    assert.equal(table.open, 0);
    assert.equal(table.outcomes.completed, table.ended);
    assert.equal(new Set([...table.trials].map(({ run }) => run)).size, table.ended);
    await verifyOn(last);
    await workers.end();
    await endAll(machines);
  });
});
