import assert from "node:assert/strict";
import { test } from "node:test";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("a short network cut costs nothing; a long one moves the runs, and the first result counts", async () => {
  const host = new CutOffHost();
  const swarm = new Swarm();
  await swarm.coordinator(["--lease", "6", "--listen", `${host.address}:14222`]);
  swarm.worker("far", ["--slots", "2"], {}, host.prefix);
  const settings = { total_runs: 6, hp_tuning: "random", checkpoint_every: 0.5 };
  const job = await swarm.submit(swarm.probeSpec("cut", settings, { seconds: 4, reports: 40 }));
  await swarm.when("the far worker holds two", job, ({ holding }) => holding.get("far" as never) === 2);

  host.pull();
  await new Promise((resolve) => setTimeout(resolve, 1000)); // a sixth of the lease
  host.plug();
  const short = await swarm.when("its first runs are done", job, ({ ended }) => ended >= 2);
  assert.equal(short.lost, 0, "a cut shorter than the lease cost a run its holder");
  assert.equal(short.reclaimed, 0);

  await swarm.when("it holds two more", job, ({ running }) => running === 2);
  host.pull();
  const waiting = await swarm.when("its lease has run out", job, (table) => table.waiting.size === 2);
  assert.match([...waiting.trials].at(-1)?.reason ?? "", /no sign of life from far for 6 s/);
  swarm.worker("near", ["--slots", "2"]);
  await swarm.when("the near worker holds them", job, ({ holding }) => holding.get("near" as never) === 2);
  host.plug();
  const table = await swarm.when("the job is done", job, ({ isOver }) => isOver);
  assert.equal(table.outcomes.completed, 6);
  assert.equal(table.ended, 6);
  assert.equal(table.trials.length, 6);
  assert.equal(table.lost, 2);
  // A run that moved began on far, and completed on either worker.
  for (const trial of [...table.trials].filter(({ attempts }) => attempts.length > 1)) {
    assert.equal(trial.status, "completed");
    assert.equal(trial.attempts[0]?.worker, "far");
  }
  await swarm.verify();
  await swarm.end();
  host.end();
});
