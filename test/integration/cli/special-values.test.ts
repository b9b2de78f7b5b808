import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexus } from "../../support/processes/nexus-command.ts";

const spec = `component: root/Root_Component
experiment_path: results
hyperparameters:
  - name: &x
      ordered_tuning_values: [1, .inf, null]
      tuned_value: .inf
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [sh, -c, 'echo "x is $NEXUS_x"; echo "{\\"value\\": 1}"']
      arguments: { x: *x, limits: [-.inf, .nan] }
`;

test("a run on this machine and its repetition get an infinity as it was chosen", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "spec.yaml"), spec);
  const first = await nexus(["run", "spec.yaml"], folder);
  assert.equal(first.code, exitCode.done, first.stderr);
  assert.match(first.stdout, /x is Infinity\n/);
  const [name = ""] = readdirSync(join(folder, "results"));
  const file = (each: string): string => join(folder, "results", name, each);
  assert.deepEqual(
    readFileSync(file("parameters.json"), "utf8").replace(/\s/g, ""),
    '{"x":Infinity,"limits":[-Infinity,NaN]}',
  );
  const again = await nexus(["run", file("repro_spec.yaml")], folder);
  assert.equal(again.code, exitCode.done, again.stderr);
  assert.match(again.stdout, /x is Infinity\n/);
});
