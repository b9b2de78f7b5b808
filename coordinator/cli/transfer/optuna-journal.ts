import { activeIn } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { Hyperparameter, Range } from "../../../shared/domain/hyperparameter.ts";
import { pythonJson } from "../../../shared/domain/python-json.ts";
import { isLog, isWhole } from "../../../shared/domain/ranges/range.ts";

/**
 * The log of optuna's JournalStorage (JournalFileBackend), JSON lines: what optuna/storages/journal/_storage.py of optuna 4.1
 * replays. Loaded there by `optuna.load_study(study_name="job278", storage=JournalStorage(JournalFileBackend(file)))`.
 */

const operation = { createStudy: 0, setStudyUserAttribute: 2, createTrial: 4 } as const;
const directions = { minimize: 1, maximize: 2 } as const;
const trialState = { running: 0, complete: 1, pruned: 2, fail: 3, waiting: 4 } as const;
/** Writer of the log. Optuna compares it with its own ids; this one matches none. */
const worker_id = "nexus";

export function* optunaJournal(table: RunTable, workspace: string): Generator<string> {
  const { goal } = table;
  const line = (op_code: number, fields: object): string => `${pythonJson({ op_code, worker_id, ...fields })}\n`;
  yield line(operation.createStudy, {
    study_name: table.job,
    directions: [goal.isLow ? directions.minimize : directions.maximize],
  });
  const { file, seed, settings } = table.submitted;
  const about = { workspace, spec: file, seed, hp_tuning: settings.hpTuning, metric: goal.name };
  for (const [name, value] of Object.entries(about)) {
    yield line(operation.setStudyUserAttribute, { study_id: 0, user_attr: { [`nexus:${name}`]: value } });
  }
  const { hyperparameters } = table.submitted;
  const distributions = Object.fromEntries(
    hyperparameters.map((each) => [each.name, pythonJson(distributionOf(each))]),
  );
  /** Inactive hyperparameters are not parameters of the trial, as in a conditional search of optuna. */
  const used = <Value>(trial: Trial, of: (name: string, i: number) => Value): Record<string, Value> => {
    const active = activeIn(hyperparameters, trial.configuration);
    return Object.fromEntries(
      hyperparameters.flatMap(({ name }, i) => (active[i] ? [[name, of(name, i)] as const] : [])),
    );
  };
  for (const trial of [...table.imported, ...table.trials]) {
    const state = stateOf(trial);
    const isOver = state !== trialState.running && state !== trialState.waiting;
    yield line(operation.createTrial, {
      study_id: 0,
      state,
      value: trial.hpmax === null ? null : told(goal, trial.hpmax),
      values: null,
      datetime_start: timeOf(trial.attempts[0]?.at ?? trial.endedAt),
      ...(isOver ? { datetime_complete: timeOf(trial.endedAt) } : {}),
      distributions: used(trial, (name) => distributions[name]),
      params: used(trial, (_, i) => parameterOf(hyperparameters[i], trial.configuration[i] ?? 0)),
      user_attrs: attributesOf(table, trial),
      system_attrs: constraintsOf(table, trial),
      intermediate_values: {},
    });
  }
}

/** The range, unless it includes 0 on a log scale, which optuna cannot express. */
const asRange = ({ range }: Hyperparameter): Range | undefined => (range?.zero === true ? undefined : range);

function distributionOf(hyperparameter: Hyperparameter): object {
  const range = asRange(hyperparameter);
  // The values of a dial as categories. The log holds their indices, so that every value is read back exactly.
  if (!range) return { name: "CategoricalDistribution", attributes: { choices: hyperparameter.values } };
  const { from: low, to: high } = range;
  const attributes = { log: isLog(range), step: isWhole(range) ? 1 : null, low, high };
  return { name: isWhole(range) ? "IntDistribution" : "FloatDistribution", attributes };
}

function parameterOf(hyperparameter: Hyperparameter | undefined, position: number): number {
  return hyperparameter && asRange(hyperparameter) ? Number(hyperparameter.values[position]) : position;
}

function stateOf({ status }: Trial): number {
  switch (status) {
    case "running":
      return trialState.running;
    case "waiting":
      return trialState.waiting;
    case "completed":
    case "infeasible":
      return trialState.complete;
    case "pruned":
      return trialState.pruned;
    default:
      // failed, timed out, cancelled: optuna has one word for them; the attributes hold ours.
      return trialState.fail;
  }
}

/**
 * Whether a trial with a result meets what the job requires, in the key that optuna's `best_trial` and its samplers with
 * constraints read: above 0 is a violation. Where nothing is required, there are no constraints.
 */
function constraintsOf({ feasibility }: RunTable, { status }: Trial): { readonly constraints?: readonly number[] } {
  if (!feasibility.isAsked || (status !== "completed" && status !== "infeasible")) return {};
  return { constraints: [status === "infeasible" ? 1 : 0] };
}

function attributesOf(table: RunTable, trial: Trial): Record<string, unknown> {
  const metrics = table.columns.flatMap((name, i) => {
    const value = trial.metrics[i];
    return value === undefined || !Number.isFinite(value) ? [] : [[name, value] as const];
  });
  const reason = trial.reason === "" ? {} : { reason: trial.reason };
  return {
    run: trial.run,
    status: trial.status,
    iters: trial.iters,
    seed: trial.seed,
    worker: trial.attempts.at(-1)?.worker ?? null,
    ...reason,
    ...Object.fromEntries(metrics),
  };
}

/** Without a zone, as optuna's own times are; UTC. */
const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000`;
