import assert from "node:assert/strict";
import { test } from "node:test";
import { leaderOf } from "../../../shared/domain/evaluation/lead.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("results are rejected by run and by worker, and accepted again, also by the next coordinator", async () => {
  const swarm = new Swarm();
  const said = async (...words: string[]): Promise<string> => {
    const end = await nexusAt(words, swarm.folder);
    assert.equal(end.code, 0, `nexus ${words.join(" ")}: ${end.stderr}`);
    return end.stdout;
  };
  const first = await swarm.coordinator();
  swarm.worker("one", ["--slots", "2"]);
  const job = await swarm.submit(swarm.probeSpec("short", { total_runs: 6, hp_tuning: "grid" }, { reports: 2 }));
  const before = await swarm.when("it is over", job, ({ isOver }) => isOver);
  const best = leaderOf(before)?.bestRun;
  assert.ok(best);

  assert.match(await said("reject", best, "--reason", "forged"), /^job1: 1 result rejected, 5 results of job1 count/);
  const after = await swarm.table(job);
  assert.deepEqual([after.state, after.ended, after.completions.length, after.rejected.size], ["completed", 6, 5, 1]);
  assert.notEqual(leaderOf(after)?.bestRun, best);
  assert.match(await said("list", "runs", job, "--sort=hpmax"), new RegExp(`${best} +rejected`));
  assert.match(await said("view", "events", best), /results-judged.*rejected: forged \(by /);
  assert.match(await said("view", "run", best), /reason +rejected by .*: forged/);

  // Several results need a confirmation, and here nobody can be asked.
  const unasked = await nexusAt(["reject", "--worker", "one"], swarm.folder);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /5 results will count in no estimate \(5 of one in job1\).*\n.*add --yes/);
  assert.match(
    await said("reject", "--worker", "one", "--yes"),
    /5 results from one rejected, 0 results of job1 count/,
  );
  assert.equal(leaderOf(await swarm.table(job)), null);
  await swarm.verify();

  // The next coordinator folds the same state.
  first.child.kill("SIGTERM");
  await first.exited();
  await swarm.coordinator();
  assert.match(await said("accept", "--worker", "one"), /6 results from one accepted, 6 results of job1 count/);
  assert.equal(leaderOf(await swarm.table(job))?.bestRun, best);
  const none = await nexusAt(["accept", "--worker", "one"], swarm.folder);
  assert.deepEqual([none.code, /no result of one is rejected/.test(none.stderr)], [3, true]);
  for (const [words, code, why] of [
    [["reject"], 2, /whose results\?/],
    [["reject", "run1.1", "--worker", "one"], 2, /do not go together/],
    [["reject", "run1.77"], 3, /there is no run1.77/],
    [["reject", "--worker", "two"], 3, /there is no worker two/],
    [["reject", "--worker", "one", "--job", "job9"], 3, /there is no job9/],
  ] as const) {
    const end = await nexusAt([...words], swarm.folder);
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, why);
  }
  await swarm.verify();
  await swarm.end();
});
