import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadSpecFile, packageRoot } from "../../../shared/components/component-defaults.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { startNexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const swarm = new Swarm();
before(async () => {
  await swarm.coordinator();
  swarm.worker("lab", ["--slots", "2"]);
});
after(() => swarm.end());

/** The spec is shortened in three places; hyperparameters, nets and everything else are as shipped. */
const shorter: readonly (readonly [RegExp, string])[] = [
  [/max_iterations: 100000/, "max_iterations: 80"],
  [/iters_per_report: 10000/, "iters_per_report: 20"],
  [/total_runs: \d+/, "total_runs: 5"],
];

for (const name of ["random_hp_search", "dgd_hp_search"]) {
  test(`specs/${name}.yaml trains on a swarm, with the tutorial's eight hyperparameters`, async () => {
    let text = readFileSync(join(packageRoot(), "specs", `${name}.yaml`), "utf8");
    for (const [pattern, replacement] of shorter) {
      assert.match(text, pattern);
      text = text.replace(pattern, replacement);
    }
    const spec = join(swarm.folder, `${name}.yaml`);
    writeFileSync(spec, text);
    const job = await swarm.submit(spec);
    const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
    assert.equal(table.outcomes.completed, 5);
    assert.equal(table.submitted.hyperparameters.length, 8);
    assert.equal(table.parents.length, 25, "compute_nodes: 25 makes as many parent runs");
    for (const { hpmax, run } of table.trials) assert.ok(Number.isFinite(hpmax), `${run} has ${hpmax}`);
    // Of one and a half million configurations; DGD may return to the best.
    assert.ok(new Set([...table.trials].map(({ configuration }) => configuration.join())).size > 2);
  });
}

test("specs/own_code/search.yaml searches over a program in Python, which lies beside it", async () => {
  const folder = join(packageRoot(), "specs", "own_code");
  const { code, stderr, stdout } = await startNexus(
    ["run", join(folder, "search.yaml"), "--monitor", "none"],
    swarm.folder,
  ).ended();
  assert.equal(code, 0, stderr);
  const [job = ""] = /job\d+/.exec(stdout) ?? [];
  assert.match(stdout, /uploading 1 code file \(zipped\)/);
  const table = await swarm.when("some are done", job as JobName, ({ outcomes }) => outcomes.completed >= 4);
  assert.equal(table.outcomes.failed, 0);
  const hpmax = table.runSets.best()?.mean ?? 0;
  assert.ok(hpmax < 0 && hpmax > -5, `the best loss is ${-hpmax}`);
  assert.equal((await startNexus(["cancel", job, "--yes"], swarm.folder).ended()).code, 0);
});

test("specs/own_code/train.py does not diverge anywhere in the ranges of its search", () => {
  const folder = join(packageRoot(), "specs", "own_code");
  const { spec } = loadSpecFile(join(folder, "search.yaml"), {}, { tail: "nothing was run" });
  const [lrs = [], decays = []] = spec.hyperparameters.map(({ range }) => {
    assert.ok(range);
    return [...(range.zero ? [0] : []), range.from, range.to];
  });
  for (const lr of lrs)
    for (const decay of decays) {
      const words = [join(folder, "train.py"), "--lr", `${lr}`, "--decay", `${decay}`];
      const env = { ...process.env, NEXUS_STATE: swarm.folder };
      const said = execFileSync("python3", words, { encoding: "utf8", env }).trimEnd().split("\n");
      const { loss } = JSON.parse(said.at(-1) ?? "") as { loss: number };
      assert.ok(loss < 15, `lr ${lr}, decay ${decay}: ${loss}`);
    }
});
