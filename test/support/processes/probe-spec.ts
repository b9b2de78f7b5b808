import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectCode } from "../../../coordinator/cli/submit/collect-code.ts";
import { searchProof } from "../../../shared/broker/access/search-proof.ts";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order } from "../../../shared/wire/messages.ts";
import type { SealKey } from "../../../shared/wire/seals/seals.ts";

type Lines = Readonly<Record<string, unknown>>;

const inYaml = (values: Lines, indent: string): string =>
  Object.entries(values)
    .map(([key, value]) => `${indent}${key}: ${typeof value === "string" ? value : JSON.stringify(value)}\n`)
    .join("");

/**
 * Writes a runspec of two hyperparameters whose one stage is Probe_Proc; `job` and `stage` are lines of YAML for the job and the stage.
 *
 * @returns its path
 */
export function writeProbeSpec(folder: string, name: string, job: Lines, stage: Lines = {}): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: ${join(folder, "results")}
job_launcher:
  component: job_launchers/XT
  enabled: 1
${inYaml(job, "  ")}hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3, 4, 5]
      tuned_value: 2
  - name: &b
      ordered_tuning_values: [0.1, 0.2, 0.3]
      tuned_value: 0.2
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
      noise: 0.5
      value: [*a, *b]
${inYaml(stage, "      ")}`,
  );
  return path;
}

/** A program's interpreter and its file's extension. */
type Language = readonly [executable: string, ending: string];
const node: Language = [process.execPath, "mjs"];
export const python: Language = ["/usr/bin/python3", "py"];

/** Like `writeProbeSpec`, with a program that the job brings along in place of the probe. It reports `value`. */
export function writeProgramSpec(
  folder: string,
  name: string,
  job: Lines,
  program: string,
  env: Lines = {},
  [executable, ending]: Language = node,
  stage: Lines = {},
): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(join(folder, `${name}.${ending}`), program);
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: ${join(folder, "results")}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  code: [${name}.${ending}]
${inYaml(job, "  ")}processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${executable}, ${name}.${ending}]
      env: ${JSON.stringify(env)}
${inYaml(stage, "      ")}`,
  );
  return path;
}

/**
 * The order to run that file, as `nexus run` gives it.
 *
 * @param key  the seal key of a machine that may lead; left out: an order from another machine
 */
export function runOrder(path: string, key?: SealKey): Order {
  const { spec } = loadSpecFile(path, {});
  const { file, text } = spec;
  const code = collectCode(spec);
  const order = { file, text, sources: usedComponents(spec), commandLine: {}, ...(code ? { code } : {}) };
  const op = `test-${Math.random()}`;
  const { search } = spec.settings;
  const proof = key && search ? { searchProof: searchProof(key, { op, search, code: code ?? null }) } : {};
  return { kind: "run", op, ...order, ...proof };
}
