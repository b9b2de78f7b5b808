import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { exitCode } from "../../../shared/errors.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** a is 1 to 5; b is 0.1, 0.2 or 0.3 and active only if a > 1; the run's value is their sum. */
function constrainedSpec(swarm: Swarm, name: string, job: Readonly<Record<string, unknown>>): string {
  const path = swarm.probeSpec(name, { hp_tuning: "grid", ...job });
  const text = readFileSync(path, "utf8");
  const conditional = text.replace("tuned_value: 0.2\n", 'tuned_value: 0.2\n      only_when: "*a > 1"\n');
  writeFileSync(path, conditional.replace("noise: 0.5", "noise: 0"));
  return path;
}

test("a search keeps to its conditions and constraints, and never recommends an infeasible run", async () => {
  const swarm = new Swarm();
  const { folder } = swarm;
  await swarm.coordinator();
  // One configuration with a = 1, three each with a = 2, 3 and 4, and one with a = 5: 11 of the grid's 15.
  const spec = constrainedSpec(swarm, "search", {
    total_runs: 11,
    where: '"*a + *b < 5.15"',
    require: '"val <= 4.15"',
  });
  const refused = await nexus(["run", constrainedSpec(swarm, "wrong", { where: '"*a + *b < 2"' })], folder);
  assert.equal(refused.code, exitCode.usage, refused.stderr);
  assert.match(refused.stderr, /the tuned values break where: \*a is 2, \*b is 0\.2\n/);
  const job = await swarm.submit(spec);
  swarm.worker("one", ["--slots", "2"]);
  const search = await swarm.when("the search ends", job, (table) => table.isOver);
  const tried = [...search.trials].map(({ configuration }) => configuration.join(" "));
  assert.equal(new Set(tried).size, 11);
  assert.ok(!tried.includes("4 1") && !tried.includes("4 2"), tried.join(", "));
  assert.deepEqual(
    tried.filter((each) => each.startsWith("0 ")),
    ["0 1"],
  );

  const listed = await nexus(["list", "runs", job, "--child"], folder);
  assert.equal(listed.stdout.match(/ infeasible /g)?.length, 3, listed.stdout);
  assert.match(listed.stdout, /completed .* 1\.2\d* +1 +-\n/);
  assert.match(
    listed.stderr,
    /3 infeasible \(require: val <= 4\.15\); to see why: nexus list runs job1 --status infeasible/,
  );
  const why = await nexus(["list", "runs", job, "--status", "infeasible", "--columns", "run,reason"], folder);
  assert.match(why.stdout, /val <= 4\.15 \(val is 5\.1\)/);

  const evaluated = await nexus(["eval", job], folder);
  const [, a, b] = /the best: a=(\d) b=(\d\.\d) \(1 run\)/.exec(evaluated.stdout) ?? assert.fail(evaluated.stdout);
  const best = [Number(a), Number(b)] as const;
  assert.ok(best[0] > 2 && best[0] + best[1] <= 4.15, evaluated.stdout);
  assert.match(evaluated.stdout, /infeasible: 3 runs \(require: val <= 4\.15\); 3 configurations cannot be the best/);
  const saved = await nexus(["spec", job, "--best", "--save-to", "winner.yaml"], folder);
  assert.equal(saved.code, exitCode.done, saved.stderr);
  const { spec: winner } = loadSpecFile(join(folder, "winner.yaml"));
  assert.deepEqual(
    winner.hyperparameters.map(({ tuned }) => tuned),
    best,
  );

  // A run on this machine follows the same rules: here the tuned values break `require`.
  const local = join(folder, "local.yaml");
  writeFileSync(local, readFileSync(spec, "utf8").replace("enabled: 1", "enabled: 0").replace("4.15", "2"));
  const here = await nexus(["run", local], folder);
  assert.equal(here.code, exitCode.done, here.stderr);
  assert.match(here.stdout, /infeasible, so that a search would never recommend it: val <= 2 \(val is 2\.2\)/);
});
