import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import {
  endAll,
  joinLineOf,
  someoneLeads,
  startPeers,
  tableOf,
  verifyOn,
} from "../../support/processes/peer-machines.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("what a worker stored is deleted on all peers, under the eyes of one that watches and later leads", async () => {
  const machines = await startPeers();
  const leader = await someoneLeads(machines);
  const [watching, other] = machines.filter((each) => each !== leader);
  assert.ok(watching && other);
  const settings = { total_runs: 10_000, hp_tuning: "random" };
  const job = await watching.swarm.submit(watching.swarm.probeSpec("first", settings, { seconds: 0.3, reports: 3 }));
  const workers = new Swarm();
  const line = await joinLineOf(watching);
  for (const name of ["mal", "honest"]) workers.run("worker/main.js", [line, "--name", name]);
  await tableOf(watching, job, (table) => ["mal", "honest"].every((worker) => carriedBy(table, worker)));

  // A view on a machine that does not lead reads journal and evidence before, during and after the purge.
  const view = watching.swarm.run("coordinator/main.js", ["watch", job, "--plain"]);
  await eventually("the view is there", () => view.output().includes(job));
  const run = (...words: string[]): ReturnType<typeof nexus> => nexus(words, other.swarm.folder);
  assert.equal((await run("bench", "mal")).code, 0);
  const purged = await run("purge", "worker", "mal", "--all", "--yes");
  assert.equal(purged.code, exitCode.done, purged.stderr);
  const messages = /mal: (\d+) messages/.exec(purged.stdout)?.[1] ?? "";
  assert.ok(Number(messages) > 0, purged.stdout);
  assert.equal(view.child.exitCode, null, view.output());
  for (const machine of machines) await verifyOn(machine);

  // A new leader reads the evidence with its gaps, and goes on; the view ends with the search.
  await leader.losePower();
  const next = await someoneLeads([watching, other]);
  assert.notEqual(next, leader);
  const { ended: before } = await tableOf(next, job, () => true);
  await tableOf(next, job, ({ ended }) => ended > before + 3);
  assert.equal(view.child.exitCode, null, view.output());
  assert.equal((await nexus(["cancel", job, "--yes"], next.swarm.folder)).code, exitCode.done);
  await view.exited();
  assert.match(view.output(), new RegExp(`${job} cancelled`));
  leader.start();
  for (const machine of machines) await verifyOn(machine);

  // A finished job is deleted on all machines.
  const deleted = await run("delete", job, "--yes");
  assert.equal(deleted.code, exitCode.done, deleted.stderr);
  for (const machine of machines) {
    // A copy may be a little behind.
    const isSaid = async (): Promise<boolean> =>
      (await nexus(["why", job], machine.swarm.folder)).stderr.includes(`${job} was deleted by`);
    await eventually("the machine says so", isSaid);
    await verifyOn(machine);
  }
  await workers.end();
  await endAll(machines);
});

const carriedBy = (
  { trials }: { readonly trials: Iterable<{ readonly attempts: readonly { readonly worker: string }[] }> },
  worker: string,
): boolean => [...trials].some(({ attempts }) => attempts.some((attempt) => attempt.worker === worker));
