import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { livingEndpoint } from "../../coordinator/endpoint.ts";
import type { JobName } from "../../shared/domain/names.ts";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { UnreachableError } from "../../shared/errors.ts";
import { BusError } from "../../shared/ports.ts";
import { eventually } from "../support/cleanup.ts";
import { type PeerMachine, someoneLeads, startPeers } from "../support/peer-machines.ts";
import { Swarm } from "../support/swarm.ts";

const completed = { total_runs: 40, hp_tuning: "random" };

describe("a workspace on three machines", () => {
  test("one loses power: the search goes on; a second: it waits and says why; both back: exactly total_runs", async () => {
    const machines = await startPeers();
    const [first] = machines;
    assert.ok(first);
    const job = await first.swarm.submit(first.swarm.probeSpec("peers", completed, { seconds: 1 }));
    const workers = new Swarm();
    const line = livingEndpoint(first.swarm.paths)?.joinLine ?? "";
    assert.equal(line.split(",").length, 3, line);
    for (const name of ["one", "two"]) workers.run("worker/main.js", [line, "--name", name, "--slots", "2"]);
    await first.swarm.when("runs complete", job, ({ ended }) => ended >= 4);

    const leader = await someoneLeads(machines);
    const left = machines.filter((each) => each !== leader);
    const [heir, last] = left;
    assert.ok(heir && last);
    const { ended: before } = await tableOf(heir, job, () => true);
    const diedAt = performance.now();
    await leader.losePower();
    await someoneLeads(left);
    const took = Math.round(performance.now() - diedAt);
    process.stdout.write(`# another peer led ${took} ms after the leader's machine died\n`);
    await tableOf(heir, job, ({ ended }) => ended > before + 4);

    await heir.losePower();
    const saying = /waiting: 1 of 3 peers is up and 2 are needed/;
    await eventually("the last peer says why it waits", () => saying.test(last.log), 20_000);
    const asked = last.swarm.run("coordinator/results/main.js", ["list", "jobs"]);
    assert.equal((await asked.exited()).code, 4);
    assert.match(asked.output(), saying);
    assert.match(asked.output(), new RegExp(`${heir.address} does not run`));
    assert.equal(last.coordinator?.child.exitCode, null);

    const backAt = performance.now();
    leader.start();
    heir.start();
    const { ended: atLeast } = await tableOf(last, job, () => true);
    await tableOf(last, job, ({ ended }) => ended > atLeast || ended === 40);
    process.stdout.write(
      `# runs completed again ${Math.round(performance.now() - backAt)} ms after both had come back\n`,
    );
    const table = await tableOf(last, job, ({ state }) => state === "completed");
    assert.equal(table.ended, 40);
    assert.equal(table.open, 0);
    assert.equal(table.outcomes.completed, 40);
    assert.equal(new Set(table.trials.map(({ run }) => run)).size, 40);
    await workers.end();
    await endAll(machines);
  });
});

/** The job's table as this peer gives it, once the condition holds; the broker may be away meanwhile. */
function tableOf({ swarm }: PeerMachine, job: JobName, condition: (table: RunTable) => boolean): Promise<RunTable> {
  return eventually(
    "the job's table is as wanted",
    async () => {
      try {
        const table = await swarm.table(job);
        return condition(table) ? table : undefined;
      } catch (error) {
        assert.ok(error instanceof UnreachableError || error instanceof BusError, String(error));
        return undefined;
      }
    },
    60_000,
  );
}

async function endAll(machines: readonly PeerMachine[]): Promise<void> {
  await Promise.all(machines.map(({ swarm }) => swarm.end()));
}
