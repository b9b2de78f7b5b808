import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { writeProbeSpec } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("nexus why tells of a paused job, a benched worker, an owner who is there, and what would change each", async () => {
  const swarm = new Swarm();
  const coordinator = await swarm.coordinator();
  const said = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await nexusAt(["why", ...words], swarm.folder);
    assert.equal(code, exitCode.done, stderr);
    return stdout;
  };
  const owned = swarm.worker("owned", ["--slots", "1", "--pretend", "owner-active:10min"]);
  const busy = swarm.worker("busy", ["--slots", "1"]);
  const sick = swarm.worker("sick", ["--slots", "1"]);
  const job = await swarm.submit(
    writeProbeSpec(swarm.folder, "long", { total_runs: 3 }, { reports: 6000, seconds: 600 }),
  );
  await swarm.when("its runs run", job, ({ holding }) => holding.get("busy" as WorkerId) === 1);
  for (const each of [owned, sick]) await eventually("it has enrolled", () => / lends /.test(each.output()));
  assert.equal((await nexusAt(["bench", "sick", "--yes"], swarm.folder)).code, exitCode.done);
  assert.equal((await nexusAt(["pause", job, "--yes"], swarm.folder)).code, exitCode.done);

  // The owner's state arrives with the worker's next renewal.
  await eventually("the owner is known to be there", async () => /^owned +owner active/m.test(await said("worker")), {
    seen: owned.output,
  });
  const workers = await said("worker");
  assert.match(workers, /^busy +busy for [\dhms]+: run\d+\.1 of job1, 1 of 1 slot; nothing: it runs$/m);
  assert.match(workers, /^sick +benched for [\dhms]+: benched by \S+; to change it: nexus admit sick$/m);
  assert.match(await said(), /^job1 +paused for [\dhms]+: paused by \S+; .*to change it: nexus resume job1$/m);
  assert.match(await said("run", job), /^run\d+\.1 +running for [\dhms]+: on busy, .*nothing: it runs$/m);
  const [one] = (await said("sick", "--json")).split("\n");
  const { kind, state, commands } = JSON.parse(one ?? "") as { kind: string; state: string; commands: string[] };
  assert.deepEqual([kind, state, commands], ["worker", "benched", ["nexus admit sick"]]);
  const none = await nexusAt(["why", "worker", "sikc"], swarm.folder);
  assert.equal(none.code, exitCode.notFound);
  assert.match(none.stderr, /there is no worker sikc; did you mean sick\?/);

  // At SIGUSR1 the worker prints the same for its owner in a line.
  busy.child.kill("SIGUSR1");
  const line =
    /busy lends 1 slot to ws1 at \S+: 1 run of job1 \(long\.yaml\), usual priority \(NEXUS_PRIORITY=normal\), lends always/;
  await eventually("it has said it", () => line.test(busy.output()), { seen: busy.output });

  // Without a coordinator the answer comes from the journal alone.
  for (const { child } of [owned, busy, sick]) child.kill("SIGKILL");
  coordinator.child.kill("SIGTERM");
  await coordinator.exited();
  const alone = await nexusAt(["why", job, "sick"], swarm.folder);
  assert.match(alone.stdout, /^job1 +paused for .*\nsick +benched for /m);
  // A run gets its own line beside its job's; a parent run's name means the run that it started.
  const [, run = ""] = /(run\d+)\.1/.exec(workers) ?? [];
  for (const words of [
    [`${run}.1`, job],
    [job, run, "sick"],
  ]) {
    const both = await nexusAt(["why", ...words], swarm.folder);
    assert.match(both.stdout, new RegExp(`^job1 +paused for [^]*^${run}\\.1 +`, "m"));
  }
  assert.match(alone.stderr, /only a coordinator knows which workers are connected/);
  await swarm.end();
});
