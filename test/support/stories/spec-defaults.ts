import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { ComponentDefaults } from "../../../shared/domain/runspec/component-library.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { carriedDefaults, readSpec } from "../../../shared/domain/runspec/spec-read.ts";
import { isMapping, type Tree } from "../../../shared/domain/runspec/tree.ts";

const launcher = readFileSync(join(packageRoot(), "shared/defaults/job_launchers/XT.yaml"), "utf8");

/** A few small components, and the shipped job launcher, for specs under test. */
const texts: Readonly<Record<string, string>> = {
  "root/Root_Component": "cuda: false\nexperiment_path: ../results\njob_launcher:\n  component: job_launchers/XT\n",
  "job_launchers/XT": launcher,
  "processors/RL_Proc": [
    "enabled: 1",
    "max_iterations: 100000",
    "iters_per_report: 1000",
    "agent:",
    "  component: agents/AAC_Agent",
    "environment:",
    "  component: environments/Maze_Env",
  ].join("\n"),
  "agents/AAC_Agent": [
    "random_seed: randint",
    "learning_rate: 4.0e-4",
    "discount_factor: 0.9",
    "notes: null",
    "model:",
    "  component: models/Model_Nexus",
  ].join("\n"),
  "models/Model_Nexus": "model_core:\n  component: model_cores/GRU_Core\n",
  "model_cores/GRU_Core": "num_rnn_units: 128\noutput_layer_size: 1024\n",
  "model_cores/FC_Core": "layer_size: 64\n",
  "environments/Maze_Env": "agent_placement_seed: randint\nlayout: standard\noptions: {walls: 3}\n",
  "environments/Fixed_Env": "layout: standard\n",
  "agents/Fixed_Agent": "random_seed: 1\nlearning_rate: 0.1\nnotes: null\n",
};

/** The test components, with `others` added or replacing them. */
export function testDefaults(others: Readonly<Record<string, string>> = {}): ComponentDefaults {
  return carriedDefaults({ ...texts, ...others });
}

/** A spec that begins with the lines `head` and has one RL_Proc stage; the lines `agent` are its agent's properties. */
export function specText(head: readonly string[], agent: readonly string[] = []): string {
  return [
    "component: root/Root_Component",
    ...head,
    "processing_stages:",
    "  - processing_stage:",
    "      component: processors/RL_Proc",
    "      agent:",
    "        component: agents/AAC_Agent",
    ...agent.map((line) => `        ${line}`),
    "",
  ].join("\n");
}

/** The spec of `specText` with its stage twice; the first one has these lines besides. */
export function inTwoStages(text: string, first: readonly string[] = []): string {
  const [head = "", stage = ""] = text.split(/(?<=^processing_stages:\n)/m);
  return head + stage.replace(/(?<=RL_Proc\n)/, first.map((line) => `      ${line}\n`).join("")) + stage;
}

/** Reads a spec; fails the test if it has problems. */
export function read(
  text: string,
  commandLine: Readonly<Record<string, string>> = {},
): { spec: Spec; warnings: string[] } {
  const reading = readSpec({ file: "a.yaml", text, commandLine, defaults: testDefaults() });
  if (!reading.ok) assert.fail(reading.problems.map(({ place, message }) => `${place.line}: ${message}`).join("\n"));
  return { spec: reading.spec, warnings: reading.warnings.map(({ message }) => message) };
}

/** The three lines of a hyperparameter. */
export function hyperparameter(name: string, values: string, tuned: string, kind = "ordered"): string[] {
  return [`  - name: &${name}`, `      ${kind}_tuning_values: ${values}`, `      tuned_value: ${tuned}`];
}

/** The problems of a spec. */
export function problems(text: string): string[] {
  const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
  return reading.ok ? [] : reading.problems.map(({ place, message }) => `${place.file}:${place.line}: ${message}`);
}

/** The value at `path`; undefined if there is none. */
export function at(tree: Tree, ...path: (string | number)[]): Tree | undefined {
  let found: Tree | undefined = tree;
  for (const key of path) {
    if (Array.isArray(found)) found = (found as readonly Tree[])[Number(key)];
    else found = isMapping(found) ? found[key] : undefined;
  }
  return found;
}

/** Where `specText` puts the agent. */
export const agentPath = ["processing_stages", 0, "processing_stage", "agent"];
