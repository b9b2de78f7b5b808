import { counted } from "../../../shared/domain/counted.ts";
import type { Evaluated } from "../../../shared/domain/evaluation/evaluated.ts";
import { type HistoryRow, labelOf } from "../../../shared/domain/evaluation/history.ts";
import { intervalLevel } from "../../../shared/domain/evaluation/truth.ts";
import type { Verdict } from "../../../shared/domain/evaluation/verdict.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../shared/domain/fold/search-view.ts";
import { type Goal, told, toldEnds } from "../../../shared/domain/goal.ts";
import { type Configuration, configurationKey, type Setting } from "../../../shared/domain/hyperparameter.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { promiseOf } from "../../../shared/domain/search/prospects.ts";
import type { Output } from "../../operator/output.ts";
import type { Printing } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { estimateText, infeasibleLines, named } from "../../words/progress.ts";
import { verdictLines } from "../../words/verdict-text.ts";
import { withoutEffectText } from "../../words/without-effect-text.ts";
import { wrappedText } from "../../words/wrapped-text.ts";
import { type EvalOptions, evaluated, hparamsOf } from "./eval.ts";
import { estimateHeader, historyTable } from "./history-table.ts";
import { repeatsJson, repeatsOf, repeatsText } from "./repeats.ts";

/** `nexus eval job411`: the history of the best configuration, and what may be concluded. */
export function evaluateJob({ state, workspace, output, flags }: Printing, typed: string, options: EvalOptions): void {
  const job = namedJob(typed, state, workspace, flags);
  if (job.submitted.settings.hpTuning === false) {
    printRepeats(job, options, output, flags);
    return;
  }
  const evaluation = evaluated(job, options, flags);
  const { table, history, verdict, withoutEffect } = evaluation;
  const { hyperparameters } = table.submitted;
  const { goal } = table;
  if (options.json) {
    output.result(evaluationJson(evaluation));
    return;
  }
  const { width } = output;
  const words = [
    ...verdictLines(verdict, hyperparameters, goal, table.isOver),
    ...prunedLine(table),
    ...withoutEffectLine(withoutEffect, table),
    ...promiseLine(table),
  ];
  const shown = width === undefined ? words : words.flatMap((line) => wrappedText(line, width, 2));
  const lines = [
    ...historyTable(history, hyperparameters, goal, width),
    ...labelled(evaluation, width),
    "",
    ...shown,
    ...infeasibleLines(table),
  ];
  output.result(`${lines.join("\n")}\n`);
  if (verdict.configurations > 1) {
    output.note(`to measure the best again, without selection bias: nexus confirm ${table.job}${flags}\n`);
  }
}

function prunedLine({ outcomes: { pruned } }: RunTable): string[] {
  if (pruned === 0) return [];
  return [`${counted(pruned, "run")} ended as pruned: in no mean here, though the search counts what was predicted`];
}

function withoutEffectLine(names: readonly string[], { runSets }: RunTable): string[] {
  const text = withoutEffectText(names);
  if (text === null) return [];
  const them = names.length === 1 ? "it" : "them";
  // Infeasible runs only show that they broke a constraint, which may depend on just these hyperparameters.
  if (runSets.totals.infeasible > 0) return [`${text}, but whether \`require\` holds may depend on ${them}`];
  return [`${text}: the next search can leave ${them} out`];
}

/** An unmeasured configuration that the model expects more of: worth a try, and never called the best. */
function promiseLine(table: RunTable): string[] {
  const model = table.model.now;
  const promise = model && promiseOf(searchView(table), model);
  if (!promise) return [];
  const { configuration, expected } = promise;
  return [
    `not measured yet, but worth a try: ${labelOf(table.submitted.hyperparameters, configuration)}; the model expects ${named(table)}${estimateText(table.goal, { estimate: expected.hpmax, stDev: expected.stDev }, " ± ")}`,
  ];
}

/** The numbers of a loss with its own sign; those of hpmax are negated. */
function minimisedFields(goal: Goal, { estimate, interval, rival }: Evaluated["verdict"]): object {
  if (!goal.isLow) return {};
  const ends = { ...toldEnds(goal, interval), level: intervalLevel };
  const rivalEstimate = rival && told(goal, rival.estimate);
  return { minimized: { metric: goal.name, estimate: told(goal, estimate), interval: ends, rivalEstimate } };
}

/** Says what the table and the verdict each go by, and where they differ about this search. */
function labelled({ history, table, verdict }: Evaluated, width: number | undefined): string[] {
  const last = history.rows.at(-1);
  const lines = [
    `The table goes by XT's estimate (${estimateHeader(table.goal)}), which pulls each configuration's mean towards the mean of all runs.`,
    "The verdict below also goes by what similar configurations reached, so its best, since when that leads, and what is expected of it may differ.",
    ...(last ? differences(last, table, verdict) : []),
  ];
  return width === undefined ? lines : lines.flatMap((line) => wrappedText(line, width, 2));
}

function differences(last: HistoryRow, { submitted: { hyperparameters } }: RunTable, verdict: Verdict): string[] {
  if (last.key !== configurationKey(verdict.leader)) {
    const label = labelOf(hyperparameters, last.configuration);
    return [`Here they name different configurations: by XT's estimate the best is ${label}, for ${itsRuns(last)}.`];
  }
  return last.bestFor === verdict.bestFor
    ? []
    : [`Here they name the same best, but by XT's estimate it has led for ${itsRuns(last)}.`];
}

const itsRuns = ({ bestFor }: HistoryRow): string => (bestFor === 1 ? "the last run" : `the last ${bestFor} runs`);

/** A job without a search has nothing to rank: prints what its runs say of their one configuration. */
function printRepeats(table: RunTable, { first, json }: EvalOptions, output: Output, flags: string): void {
  const repeats = repeatsOf(table, first, flags);
  output.result(json ? repeatsJson(repeats) : repeatsText(repeats));
  const { confirms } = table.submitted.settings;
  if (confirms !== null)
    output.note(`it confirms ${confirms}; the two side by side: nexus confirm ${confirms} --show${flags}\n`);
}

/** `{"type":"best",...}` for each row of the history, then `{"type":"verdict",...}`; numbers unrounded. */
function evaluationJson({ table, history, verdict, withoutEffect }: Evaluated): string {
  const { hyperparameters } = table.submitted;
  const hparams = (configuration: Configuration): Record<string, Setting> => hparamsOf(hyperparameters, configuration);
  const rows = history.rows.map(({ configuration, label: _, ...row }) => ({
    type: "best",
    v: 1,
    job: table.job,
    ...row,
    hparams: hparams(configuration),
  }));
  const { estimates: _, leader, rival, interval, ...rest } = verdict;
  const object = {
    type: "verdict",
    v: 1,
    job: table.job,
    ...(table.runSets.totals.infeasible > 0 ? { infeasible: table.runSets.totals.infeasible } : {}),
    ...rest,
    interval: { ...interval, level: intervalLevel },
    summary: verdictLines(verdict, hyperparameters, table.goal, table.isOver)[0],
    ...minimisedFields(table.goal, verdict),
    withoutEffect,
    pruned: table.outcomes.pruned,
    hparams: hparams(leader),
    rival: rival && { ...rival, configuration: undefined, hparams: hparams(rival.configuration) },
  };
  return [...rows, object].map(jsonLine).join("");
}
