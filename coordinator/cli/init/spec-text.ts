import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { mostRuns } from "../../../shared/domain/runspec/job-settings.ts";
import type { Treatment } from "./dials.ts";
import type { FoundOption, FoundOptions } from "./found-options.ts";

export interface TreatedOption {
  readonly option: FoundOption;
  readonly treatment: Treatment;
}

const usualRuns = 60;

/** A commented spec for a script. `file` is its own name, for the commands in its comments. */
export function specText(found: FoundOptions, treated: readonly TreatedOption[], file: string): string {
  const { script, style, metrics, search } = found;
  const dials = treated.filter(({ treatment }) => treatment.kind === "dial");
  const [metric = "value"] = metrics.names;
  const names = metrics.names.length === 0 ? [metric] : metrics.names;
  const code = [script, ...found.files];
  const lines = [
    `# A search for ${script}, written by nexus init from what it could read there. Read it, change it, then:`,
    `#   nexus check ${file}      one run here, which shows what would be measured`,
    `#   nexus run ${file}        the search`,
    ...found.remarks.map((remark) => `# Note: ${comment(remark)}`),
    "component: root/Root_Component",
    "experiment_path: results",
    "",
    "job_launcher:",
    "  component: job_launchers/XT",
    "  enabled: 1",
    `  hp_tuning: ${search?.method ?? "dgd"}`,
    `  total_runs: ${search?.totalRuns ?? (search?.method === "grid" ? gridRuns(dials) : usualRuns)}`,
    `  code: [${code.map(word).join(", ")}]   # files and folders beside this spec that the runs need`,
    "",
    ...(dials.length === 0
      ? ["# No dial was found. A hyperparameter looks like this, and *lr stands for its setting below:", ...exampleDial]
      : [
          "# The dials. The tuned value is what a run outside of a search uses.",
          "hyperparameters:",
          ...dials.flatMap(dialLines),
        ]),
    "",
    "processing_stages:",
    "  - processing_stage:",
    "      component: processors/Command_Proc",
    `      command: [python3, ${word(script)}]`,
    ...argumentLines(treated),
    ...(style === null ? [] : [`      as_options: ${style}`]),
    `      metrics: [${names.map(word).join(", ")}]   # the first is what the search is about`,
    `      goal: ${metrics.goal}`,
    ...patternLines(found),
    "",
  ];
  return lines.join("\n");
}

/** A run for each configuration of the grid, as far as a job may have so many. */
function gridRuns(dials: readonly TreatedOption[]): number {
  const sizes = dials.map(({ treatment }) => {
    if (treatment.kind !== "dial") return 1;
    const { range, values, tuned } = treatment;
    return range ? firstMarks(range, Number(tuned)).length : (values?.length ?? 1);
  });
  return Math.min(
    mostRuns,
    sizes.reduce((product, size) => product * size, 1),
  );
}

const exampleDial = [
  "# hyperparameters:",
  "#   - name: &lr",
  "#       range: {from: 1.0e-5, to: 1.0e-1, scale: log}",
  "#       tuned_value: 1.0e-3",
];

/** An option's name as a hyperparameter, in characters that a YAML alias may have. */
export const dialName = (name: string): string => name.replace(/[^\w]+/g, "_");

function dialLines({ option, treatment }: TreatedOption): string[] {
  if (treatment.kind !== "dial") return [];
  const { range, values = [], isOrdered, tuned } = treatment;
  const help = option.help === "" ? "" : `   # ${comment(option.help)}`;
  const from = range
    ? `range: {from: ${number(range.from)}, to: ${number(range.to)}, scale: ${range.scale}${range.zero ? ", zero: true" : ""}}`
    : `${isOrdered ? "ordered" : "unordered"}_tuning_values: [${values.map(value).join(", ")}]`;
  return [`  - name: &${dialName(option.name)}${help}`, `      ${from}`, `      tuned_value: ${value(tuned)}`];
}

function argumentLines(treated: readonly TreatedOption[]): string[] {
  const lines: string[] = [];
  const missing: string[] = [];
  for (const { option, treatment } of treated) {
    if (treatment.kind === "dial") lines.push(`        ${option.name}: *${dialName(option.name)}`);
    else if (treatment.kind === "constant")
      lines.push(`        ${option.name}: ${value(treatment.value)}   # ${treatment.why}`);
    else if (option.isRequired) missing.push(`        ${option.name}: CHANGE_ME   # required: ${treatment.why}`);
  }
  const all = [...missing, ...lines];
  return [...(all.length === 0 ? ["      arguments: {}"] : ["      arguments:", ...all]), ...leftLines(treated)];
}

/** Comments that list the options left to the script, so that a person sees what was passed over, and why. */
function leftLines(treated: readonly TreatedOption[]): string[] {
  const left = treated.flatMap(({ option, treatment }) =>
    treatment.kind === "left" && !option.isRequired
      ? [`        # ${option.name}: ${option.isList ? "..." : value(option.preset)}   (${treatment.why})`]
      : [],
  );
  return left.length === 0 ? [] : ["        # Left to the script:", ...left];
}

function patternLines({ metrics, script }: FoundOptions): string[] {
  if (metrics.pattern !== null) return [`      metric_pattern: '${metrics.pattern.replaceAll("'", "''")}'`];
  if (metrics.names.length > 0) return [];
  return [
    `      # What ${script} prints about its progress was not found. If it prints "loss: 0.3", find it by a pattern, with`,
    '      # metrics: [loss] and goal: minimize above; or have it print JSON: {"iters": 10, "loss": 0.3}',
    "      # metric_pattern: 'loss: (?<loss>[-+.\\w]+)'",
  ];
}

const comment = (text: string): string => printable(text).trim().slice(0, 200);

/** A number as people write it; with a point, so that YAML 1.1 readers see a number too. */
function number(found: number): string {
  const text = String(found);
  const small = found !== 0 && (Math.abs(found) < 1e-3 || Math.abs(found) >= 1e6);
  const exponent = small && !Number.isInteger(found) ? found.toExponential() : text;
  return /e/.test(exponent) && !exponent.includes(".") ? exponent.replace("e", ".0e") : exponent;
}

function value(found: Setting): string {
  if (typeof found === "number") return number(found);
  return typeof found === "string" ? word(found) : String(found);
}

/** A text as YAML reads it back: in quotes unless it is a plain word. */
const word = (text: string): string =>
  /^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|nan|inf|randint)$/i.test(text)
    ? text
    : text === "randint"
      ? text
      : JSON.stringify(text);
