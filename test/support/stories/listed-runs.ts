import { type ListRunsOptions, runsListed } from "../../../coordinator/cli/list/list-runs.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { JobStory, stateOf } from "./job-story.ts";
import { ordered, unordered } from "./search.ts";

/** The output of `nexus list runs`. */
export function printed(state: WorkspaceState, runs: readonly string[], options: ListRunsOptions = {}) {
  const { results, notes } = runsListed({ state, workspace: "ws1", flags: "" }, runs, options);
  return { results: [...results].join(""), notes };
}

/** Five runs in two jobs: hpmax 3, none (failed), 1, 2, none (running). */
export function mixed(): WorkspaceState {
  const lr = ordered("lr", [0.1, 0.01]);
  const first = new JobStory({ number: 1, hyperparameters: [lr] });
  first.completed(first.started("run1.1", [0]), "run1.1", 3, 10, { "s1-rew": 3 });
  first.endedWithout(first.started("run1.2", [1]), "run1.2", "failed", "it broke");
  first.completed(first.started("run1.3", [0]), "run1.3", 1, 10, { "s1-rew": 1 });
  const core = unordered("core", ["GRU", "MLP"]);
  const second = new JobStory({ number: 2, hyperparameters: [lr, core], settings: { computeTarget: "lab" } });
  second.completed(second.started("run2.1", [1, 0]), "run2.1", 2, 10, { "s1-loss": 2 });
  second.started("run2.2", [0, 1]);
  return stateOf(first, second);
}
