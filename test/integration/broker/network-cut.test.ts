import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** Reports ten times a second until its file is there: `first` for the first two programs that begin, `others` for the rest. */
const reports = (folder: string): string => `
import { existsSync, mkdirSync } from "node:fs";
const made = (name) => {
  try {
    mkdirSync(${JSON.stringify(folder)} + "/" + name);
    return true;
  } catch {
    return false;
  }
};
const gate = ${JSON.stringify(folder)} + (made("one") || made("two") ? "/first" : "/others");
let iters = Number(process.env.NEXUS_RESUME);
const look = setInterval(() => {
  if (existsSync(gate)) clearInterval(look);
  iters += 1;
  console.log(JSON.stringify({ iters, value: iters }));
}, 100);
`;

test("a short network cut costs nothing; a long one moves the runs, and the first result counts", async () => {
  const host = new CutOffHost();
  const swarm = new Swarm();
  const listen = `${host.address}:${await holdPort(host.address)}`;
  await swarm.coordinator(["--lease", "10", "--listen", listen]);
  swarm.worker("far", ["--slots", "2"], {}, host.prefix);
  const settings = { total_runs: 6, hp_tuning: false, checkpoint_every: 0.5 };
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "cut", settings, reports(swarm.folder)));
  await swarm.when("the far worker holds two", job, ({ holding }) => holding.get("far" as never) === 2);

  host.pull();
  await new Promise((resolve) => setTimeout(resolve, 1000)); // a tenth of the lease
  host.plug();
  writeFileSync(join(swarm.folder, "first"), "");
  const short = await swarm.when("its first runs are done", job, ({ ended }) => ended >= 2);
  assert.equal(short.lost, 0, "a cut shorter than the lease cost a run its holder");
  assert.equal(short.reclaimed, 0);

  await swarm.when("it holds two more", job, ({ running }) => running === 2);
  host.pull();
  const cut = await swarm.when("its lease has run out", job, (table) => table.waiting.size === 2);
  const lost = [...cut.waiting];
  for (const n of lost) assert.match(cut.trial(n)?.reason ?? "", /no sign of life from far for 10 s/);
  swarm.worker("near", ["--slots", "2"]);
  await swarm.when("the near worker holds them", job, ({ holding }) => holding.get("near" as never) === 2);
  host.plug();
  writeFileSync(join(swarm.folder, "others"), "");
  const table = await swarm.when("the job is done", job, ({ isOver }) => isOver);
  assert.equal(table.outcomes.completed, 6);
  assert.equal(table.ended, 6);
  assert.equal(table.trials.length, 6);
  // A run that moved began on far, and completed on either worker.
  for (const trial of lost.map((n) => table.trial(n))) {
    assert.equal(trial?.status, "completed");
    assert.equal(trial?.attempts[0]?.worker, "far");
    assert.match(trial?.attempts[0]?.end ?? "", /no sign of life from far/);
  }
  assert.ok(table.lost >= lost.length);
  await swarm.verify();
  await swarm.end();
  host.end();
});
