import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { componentDefaults } from "../../../shared/components/component-defaults.ts";
import type { CarriedSpec } from "../../../shared/domain/runspec/carried-spec.ts";
import { readSpec, usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { JobStory } from "./job-story.ts";
import { ordered } from "./search.ts";

/** A negative number, as a loss with its sign turned would print. Arrows, options and ranges of runs do not match. */
export const turnedSign = /(?<![\w.)\]-])-(?:\d|\.\d|inf)/i;

/**
 * Writes a runspec that minimises a loss between 0.1 and 1.2 over two hyperparameters with positive values, and its
 * program, which the job brings along. `job` is further lines of YAML for the job.
 *
 * @returns its path
 */
export function writeLossSpec(folder: string, name: string, job: readonly string[], wait = 0): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    join(folder, `${name}.mjs`),
    `const p = Object.fromEntries(process.argv.slice(2).map((word, i, all) => [word.slice(2), Number(all[i + 1])]));
const loss = 0.1 + 0.1 * (p.layers - 3) ** 2 + Math.abs(p.lr - 0.2) + 0.01 * ((Number(process.env.NEXUS_SEED) % 97) / 97);
for (let iters = 1; iters <= 4; iters += 1) {
  console.log(JSON.stringify({ iters, loss: loss * (1 + 1 / iters) }));
  await new Promise((resolve) => setTimeout(resolve, ${wait}));
}
console.log(JSON.stringify({ iters: 5, loss }));
`,
  );
  writeFileSync(path, lossSpec(folder, name, job));
  return path;
}

function lossSpec(folder: string, name: string, job: readonly string[]): string {
  return `component: root/Root_Component
experiment_path: ${join(folder, "results")}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  code: [${name}.mjs]
${job.map((line) => `  ${line}\n`).join("")}hyperparameters:
  - name: &lr
      ordered_tuning_values: [0.1, 0.2, 0.3, 0.4]
      tuned_value: 0.4
  - name: &layers
      ordered_tuning_values: [1, 2, 3, 4, 5]
      tuned_value: 1
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${process.execPath}, ${name}.mjs]
      arguments: {lr: *lr, layers: *layers}
      metrics: [loss]
      goal: minimize
`;
}

/** The same spec as a job carries it. */
export function carriedLoss(): Pick<CarriedSpec, "text" | "sources"> {
  const text = lossSpec("results", "loss", []);
  const reading = readSpec({ file: "loss.yaml", text, defaults: componentDefaults() });
  if (!reading.ok) throw new Error(reading.problems.map(({ message }) => message).join("; "));
  return { text, sources: usedComponents(reading.spec) };
}

const dials = [ordered("lr", [0.1, 0.2, 0.3, 0.4]), ordered("layers", [1, 2, 3, 4, 5])];

/** A search with three completed runs: a loss of 0.75, then 0.5 and 0.25 for the better configuration. */
export function lossStory(number = 1): JobStory {
  const story = new JobStory({ number, hyperparameters: dials, carried: carriedLoss(), firstParent: number });
  for (const [i, [configuration, loss]] of (
    [
      [[0, 0], 0.75],
      [[1, 2], 0.5],
      [[1, 2], 0.25],
    ] as const
  ).entries()) {
    const run = `run${number}.${i + 1}`;
    story.completed(story.started(run, configuration), run, -loss, 5, { "s1-loss": loss });
  }
  return story;
}
