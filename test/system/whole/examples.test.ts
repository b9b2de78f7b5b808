import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { loadSpecFile, packageRoot } from "../../../shared/components/component-defaults.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { expandSpec } from "../../../shared/domain/runspec/spec-read.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const folder = join(packageRoot(), "specs", "examples");
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const read = (name: string) => loadSpecFile(join(folder, name, "search.yaml"));

/** Replacements in the specs: the Python with the machine's packages, this Node, and two runs without a search. */
const programs: readonly (readonly [RegExp, string])[] = [
  [/\[python3, /, "[/usr/bin/python3, "],
  [/\[node, /, `[${process.execPath}, `],
  [/hp_tuning: \w+/, "hp_tuning: false"],
  [/total_runs: 40/, "total_runs: 2"],
];

/** Bounds of a run's result; each example has two runs. scikit-learn comes from the machine's packages (.ci/run). */
const trained = {
  sklearn: [0.05, 1],
  wandb: [-20, -0.3],
  shell: [-14, -3],
  node: [-1, 0],
  unmodified: [30, 100],
} as const;
/** Examples with libraries too large for every test run (docs/python.md). Only code and settings are checked here. */
const large = ["lightning", "pytorch"];

describe("the examples", () => {
  test("all examples are tested here, and have no problems or warnings", () => {
    assert.deepEqual([...Object.keys(trained), ...large].sort(), names);
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of names) {
      const { spec, warnings } = read(name);
      assert.deepEqual(warnings, [], name);
      assert.match(spec.text, new RegExp(`^# \\S[^]*\n#   nexus run specs/examples/${name}/search.yaml\n`));
      assert.match(readme, new RegExp(`specs/examples/${name}/search.yaml`));
    }
  });

  test("examples with large libraries can be compiled, and take the settings that their specs give", () => {
    for (const name of large) {
      const file = join(folder, name, "train.py");
      const code = `
import ast, json, sys
tree = ast.parse(open(sys.argv[1]).read())
compile(tree, sys.argv[1], "exec")
calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "nexus.params"]
print(json.dumps([keyword.arg for keyword in calls[0].keywords]))`;
      const taken = JSON.parse(execFileSync("/usr/bin/python3", ["-c", code, file], { encoding: "utf8" }));
      const expanded = JSON.stringify(expandSpec(read(name).spec, undefined, () => 0));
      const given = /"arguments":(\{.*?\})/.exec(expanded)?.[1] ?? assert.fail(expanded);
      assert.deepEqual(Object.keys(JSON.parse(given)), taken, name);
    }
  });
});

describe("the examples in a swarm", () => {
  const swarm = new Swarm();
  before(async () => {
    await swarm.coordinator();
    swarm.worker("lab", ["--slots", "2"]);
  });

  for (const [name, [least, most]] of Object.entries(trained)) {
    test(`specs/examples/${name} trains`, async () => {
      const copy = join(swarm.folder, name);
      cpSync(join(folder, name), copy, { recursive: true });
      const spec = join(copy, "search.yaml");
      let text = readFileSync(spec, "utf8");
      for (const [pattern, replacement] of programs) text = text.replace(pattern, replacement);
      writeFileSync(spec, text);
      const { code, stderr, stdout } = await nexus(["run", spec, "--monitor", "none"], swarm.folder, swarm.env);
      assert.equal(code, 0, stderr);
      const job = (/job\d+/.exec(stdout)?.[0] ?? assert.fail(stdout)) as JobName;
      const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
      assert.equal(table.outcomes.completed, 2, [...table.trials].map(({ reason }) => reason).join("\n"));
      for (const { hpmax, run, iters } of table.trials) {
        assert.ok(iters >= 10, `${run} has ${iters} iters`);
        assert.ok(hpmax !== null && hpmax >= least && hpmax <= most, `${run} came to ${hpmax}`);
      }
    });
  }
});
