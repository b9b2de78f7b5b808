import type { Evaluated } from "../../../shared/domain/evaluation/evaluated.ts";
import { intervalLevel } from "../../../shared/domain/evaluation/truth.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Configuration, Setting } from "../../../shared/domain/hyperparameter.ts";
import type { Output } from "../../operator/output.ts";
import type { Printing } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { wrappedText } from "../../words/wrapped-text.ts";
import { type EvalOptions, evaluated, hparamsOf } from "./eval.ts";
import { historyTable } from "./history-table.ts";
import { repeatsJson, repeatsOf, repeatsText } from "./repeats.ts";
import { verdictLines } from "./verdict-text.ts";

/** `nexus eval job411`: the history of the best configuration, and what may be concluded. */
export function evaluateJob({ state, workspace, output, flags }: Printing, typed: string, options: EvalOptions): void {
  const job = namedJob(typed, state, workspace);
  if (job.submitted.settings.hpTuning === false) {
    printRepeats(job, options, output, flags);
    return;
  }
  const evaluation = evaluated(job, options);
  const { table, history, verdict } = evaluation;
  const { hyperparameters } = table.submitted;
  if (options.json) {
    output.result(evaluationJson(evaluation));
    return;
  }
  const { width } = output;
  const words = verdictLines(verdict, hyperparameters);
  const shown = width === undefined ? words : words.flatMap((line) => wrappedText(line, width, 2));
  const lines = [...historyTable(history, hyperparameters), "", ...shown];
  output.result(`${lines.join("\n")}\n`);
  if (verdict.configurations > 1) {
    output.note(`to measure the best again, without selection bias: nexus confirm ${table.job}${flags}\n`);
  }
}

/** A job without a search has nothing to rank: prints what its runs say of their one configuration. */
function printRepeats(table: RunTable, { first, json }: EvalOptions, output: Output, flags: string): void {
  const repeats = repeatsOf(table, first);
  output.result(json ? repeatsJson(repeats) : repeatsText(repeats));
  const { confirms } = table.submitted.settings;
  if (confirms !== null)
    output.note(`it confirms ${confirms}; the two side by side: nexus confirm ${confirms} --show${flags}\n`);
}

/** `{"type":"best",...}` for each row of the history, then `{"type":"verdict",...}`; numbers unrounded. */
function evaluationJson({ table, history, verdict }: Evaluated): string {
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
    ...rest,
    interval: { ...interval, level: intervalLevel },
    summary: verdictLines(verdict, hyperparameters)[0],
    hparams: hparams(leader),
    rival: rival && { ...rival, configuration: undefined, hparams: hparams(rival.configuration) },
  };
  return [...rows, object].map((each) => `${JSON.stringify(each)}\n`).join("");
}
