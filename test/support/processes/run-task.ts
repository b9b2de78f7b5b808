import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import type { RunTask } from "../../../worker/runner/protocol.ts";
import { temporaryFolder } from "../cleanup.ts";

/**
 * The task that a runner pool gets for a run of one stage.
 *
 * @param stage  in YAML's flow style; `*a` stands for 3
 */
export function taskOf(stage: string): RunTask {
  const folder = temporaryFolder();
  const file = join(folder, "task.yaml");
  writeFileSync(
    file,
    `component: root/Root_Component
job_launcher: {component: job_launchers/XT}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3]
      tuned_value: 2
processing_stages:
  - processing_stage: ${stage}
`,
  );
  const { spec } = loadSpecFile(file, {});
  return {
    job: "job1",
    jobText: { file, text: spec.text, sources: usedComponents(spec), commandLine: {} },
    codeFolder: null,
    inputsFolder: null,
    settings: { a: 3 },
    seed: 5,
    directory: join(folder, "runs/job1/run1.1"),
    stateDirectory: join(folder, "states/job1/run1.1"),
    keepFiles: false,
    resume: null,
    checkpointSeconds: 600,
  };
}

/** The same for a shell script, which reports by printing lines. */
export const shellTask = (script: string): RunTask =>
  taskOf(
    `{component: processors/Command_Proc, command: ${JSON.stringify(["sh", "-c", script])}, as_options: false, arguments: {a: *a}}`,
  );
