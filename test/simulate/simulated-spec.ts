import { componentDefaults } from "../../shared/components/component-defaults.ts";
import { readSpec, usedComponents } from "../../shared/domain/runspec/spec-read.ts";
import type { Order } from "../../shared/wire/messages.ts";

/** The order that starts a simulated search, as `nexus run` would send it. */
export function submission(job: Readonly<Record<string, unknown>>): Order {
  const file = "simulated.yaml";
  const text = specText(job);
  const reading = readSpec({ file, text, commandLine: {}, defaults: componentDefaults() });
  if (!reading.ok) throw new Error(reading.problems.map(({ message }) => message).join("\n"));
  return { kind: "run", op: "simulated", file, text, sources: usedComponents(reading.spec), commandLine: {} };
}

const names = ["a", "b", "c", "d", "e", "f"];

function specText(job: Readonly<Record<string, unknown>>): string {
  const settings = Object.entries(job).map(([key, value]) => `  ${key}: ${value}`);
  const dials = names.map((name) => {
    const values = name === "f" ? "range: {from: 1, to: 5}" : "ordered_tuning_values: [1, 2, 3, 4, 5]";
    return `  - name: &${name}\n      ${values}\n      tuned_value: 2`;
  });
  return [
    "component: root/Root_Component",
    "experiment_path: results",
    "job_launcher:",
    "  component: job_launchers/XT",
    "  enabled: 1",
    ...settings,
    "hyperparameters:",
    ...dials,
    "processing_stages:",
    `  - processing_stage: {component: processors/Probe_Proc, value: [${names.map((name) => `*${name}`).join(", ")}]}`,
    "",
  ].join("\n");
}
