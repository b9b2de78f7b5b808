import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadSpecFile } from "../../../../shared/components/component-defaults.ts";
import type { CarriedSpec } from "../../../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../../../shared/domain/runspec/spec.ts";
import { usedComponents } from "../../../../shared/domain/runspec/spec-read.ts";
import { trustNeeded } from "../../../../shared/domain/runspec/trust-needed.ts";
import { refusalOf } from "../../../../worker/node/job/refusal.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

/** A spec with this stage, as a job carries it. */
function jobOf(stage: string): CarriedSpec & Pick<Spec, "hyperparameters"> & { readonly spec: Spec } {
  const text = `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random, total_runs: 2}
hyperparameters:
  - name: &a
      ordered_tuning_values: [0, 1]
      tuned_value: 0
processing_stages:
  - processing_stage: {${stage}}
  - processing_stage: {component: processors/Probe_Proc, value: *a}
`;
  const file = join(temporaryFolder(), "spec.yaml");
  writeFileSync(file, text);
  const { spec } = loadSpecFile(file);
  return { file, text, sources: usedComponents(spec), commandLine: {}, hyperparameters: spec.hyperparameters, spec };
}

const learner = "component: processors/RL_Proc, max_iterations: 1000, iters_per_report: 100";

describe("a worker with --no-code", () => {
  test("a worker with --no-code gets no job that runs a program already on the machine", () => {
    const job = jobOf("component: processors/Command_Proc, command: [sh, -c, id]");
    assert.equal(trustNeeded(job), "runs programs (processors/Command_Proc)");
  });

  test("a worker with --no-code gets no job that names a file outside its run's folder in any configuration", () => {
    for (const path of ["/etc/cron.d/x", "../../identity.json", "a/../../b", "C:\\x"]) {
      const needed = trustNeeded(jobOf(`${learner}, save_model_to: '${path}'`)) ?? "";
      assert.match(needed, /^names files outside of its folder \(save_model_to: "/, path);
    }
    const sometimes = jobOf(`${learner}, load_model_from: /models/m, enabled: *a`);
    assert.match(trustNeeded(sometimes) ?? "", /load_model_from: "\/models\/m"/);
    assert.match(trustNeeded(jobOf("component: processors/Probe_Proc, tally: /tmp/x")) ?? "", /tally: "\/tmp\/x"/);
    assert.equal(trustNeeded(jobOf(`${learner}, save_model_to: best.model`)), null);
  });

  test("a worker with --no-code gets no job into which an edit brings a file outside its run's folder", () => {
    const job = jobOf(`${learner}, save_model_to: *a`);
    const hyperparameters = job.hyperparameters.map((each) => ({ ...each, values: [...each.values, "/root/.bashrc"] }));
    assert.match(trustNeeded({ ...job, hyperparameters }) ?? "", /save_model_to: "\/root\/.bashrc"/);
  });
});

test("a worker with --no-code refuses a run of programs or code itself, whatever its coordinator says", () => {
  const known = { text: jobOf("component: processors/Probe_Proc"), brought: {}, bringsCode: false };
  const stage = "component: processors/Command_Proc, command: [id], enabled: *a";
  const { spec } = jobOf(stage);
  assert.equal(refusalOf({ ...known, spec }, { settings: [0] }), null, "it is not enabled");
  assert.equal(
    refusalOf({ ...known, spec }, { settings: [1] }),
    "the run runs programs (processors/Command_Proc), and this worker takes none (--no-code)",
  );
  const brings = refusalOf({ ...known, spec, bringsCode: true }, { settings: [0] });
  assert.equal(brings, "the run brings code of its own, and this worker takes none (--no-code)");
});
