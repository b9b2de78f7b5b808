import { join } from "node:path";

/** A job of short runs that never ends by itself. */
export const honestSpec = (folder: string): string =>
  probeSpec(
    folder,
    // hp_tuning would end it: this program's results have no noise, and its five values are soon tried.
    { hp_tuning: false, total_runs: 1_000_000, compute_target: "honest" },
    { seconds: 0.3, reports: 3 },
  );

/** A runspec whose one stage is Probe_Proc, with these lines for its job and its stage. */
export function probeSpec(
  folder: string,
  job: Readonly<Record<string, unknown>>,
  stage: Readonly<Record<string, unknown>> = {},
): string {
  const lines = (values: Readonly<Record<string, unknown>>, indent: string): string =>
    Object.entries(values)
      .map(([key, value]) => `${indent}${key}: ${JSON.stringify(value)}\n`)
      .join("");
  return `component: root/Root_Component
experiment_path: ${JSON.stringify(join(folder, "results"))}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  monitor: none
${lines({ hp_tuning: "random", ...job }, "  ")}hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3, 4, 5]
      tuned_value: 2
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
      value: *a
${lines(stage, "      ")}`;
}

/** A runspec of one run, whose one stage is that program, only for workers of that pool. */
export function commandSpec(
  folder: string,
  pool: string,
  command: readonly string[],
  job: Readonly<Record<string, unknown>> = {},
): string {
  const lines = Object.entries({ compute_target: pool, total_runs: 1, retries: 1, ...job })
    .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`)
    .join("");
  return `component: root/Root_Component
experiment_path: ${JSON.stringify(join(folder, "results"))}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  monitor: none
  hp_tuning: false
${lines}processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: ${JSON.stringify(command)}
`;
}
