import { statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../../shared/errors.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import type { Output } from "../../operator/output.ts";

/** The default file of `nexus init`. */
export const firstSpecName = "search.yaml";

/** `nexus init`: a first spec, commented and ready to run. An existing file is never changed. */
export function initSpec(file: string, output: Output): void {
  writeFirstSpec(file);
  output.note(`${file} written. Read it, change it, and start the search:\n  nexus run ${shellWord(file)}\n`);
}

/** @throws UsageError if the file exists, or cannot be written */
export function writeFirstSpec(file: string): void {
  try {
    writeFileSync(
      file,
      firstSpec.replace(firstSpecName, () => basename(file)),
      { flag: "wx" },
    );
  } catch (cause) {
    throw notWritten(file, "nexus init", cause);
  }
}

/** Why a new spec could not be written. @param command  takes the name of another file as its last word */
export function notWritten(file: string, command: string, cause: unknown): UsageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  const why = isFolder
    ? `${file} is a folder; name a file in it: ${command} ${shellWord(join(file, firstSpecName))}`
    : code === "EEXIST"
      ? `${file} is there already and was not touched; name another file: ${command} my-search.yaml`
      : `${file} cannot be written (${message})`;
  return new UsageError(why, { cause });
}

/** The first spec: small, so that a search shows results within a minute. */
export const firstSpec = `# A search for good hyperparameters. Start it:        nexus run search.yaml
# Every component's options and their defaults stand in its .yaml file beside its code.
component: root/Root_Component
experiment_path: results            # where a run on this machine leaves its files

job_launcher:
  component: job_launchers/XT
  enabled: 1                        # 1: on the swarm; 0: one run here, with the tuned values
  hp_tuning: dgd                    # by a model of all results; or bayesian, random, grid, false
  total_runs: 60                    # the search ends after so many
  # compute_nodes: 4                # at most so many workers; left out: all that come
  # runs_per_node: 2                # at most so many runs at once on each; left out: as many as it has slots
  # stop_when: hpmax >= 0.05       # or end as soon as this is reached

# What is searched. Each hyperparameter is a dial with marks, and values beside each other are taken to be alike.
# The tuned value is what a run outside of a search uses. To leave one alone, shorten its list to the tuned value.
# In the place of a list there may be a range, which gets more marks where the search looks closer:
#     range: {from: 1.0e-4, to: 3.0e-3, scale: log}
hyperparameters:
  - name: &lr
      ordered_tuning_values: [1.0e-4, 3.0e-4, 6.0e-4, 1.0e-3, 2.0e-3, 3.0e-3]
      tuned_value: 1.0e-3
  - name: &disc
      ordered_tuning_values: [0.70, 0.80, 0.90, 0.95, 0.98]
      tuned_value: 0.90
  - name: &rscale
      ordered_tuning_values: [1, 2, 4, 8, 16, 32]
      tuned_value: 8

# The parts of a run. *lr stands for the setting that a run was given.
forward_definitions:
  - agent: &agent
      component: agents/AAC_Agent
      random_seed: randint           # drawn for each run
      bptt_period: 8
      discount_factor: *disc
      gradient_clip: 256
      learning_rate: *lr
      reward_scale: *rscale
      model:
        component: models/Model_Nexus
        model_core:
          component: model_cores/GRU_Core
          obs_embed_size: 32
          num_rnn_units: 32
          output_layer_size: 64
  - environment: &env
      component: environments/Maze_Env
      agent_placement_seed: randint
      layout: easy

# What a run does, stage by stage. The last stage's first metric is what the search maximises (hpmax).
processing_stages:
  - processing_stage:
      component: processors/RL_Proc
      max_iterations: 100000
      iters_per_report: 10000        # a point of the learning curve
      agent: *agent
      environment: *env
`;
