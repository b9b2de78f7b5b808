import { almostReport } from "../../../shared/domain/almost-report.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { sandboxMark } from "../../processes/leftovers.ts";
import { flagHint } from "./command-line.ts";
import type { CommandSpec } from "./command-spec.ts";
import type { Hearing } from "./hearing.ts";
import { patternFor } from "./metric-patterns.ts";
import type { ProgramEnd } from "./tied-program.ts";

/** Why the run failed, given how its program ended; "" if it did not fail. */
export function whyFailed(spec: CommandSpec, hearing: Hearing, { code, signal, why }: ProgramEnd): string {
  const [name = ""] = spec.command;
  const { newest, noNumber, slow } = hearing;
  const said = newest.length === 0 ? "" : `: ${newest.at(-1)?.slice(0, 300)}`;
  if (slow) return slow.message;
  if (why !== "") return `${name} could not be started: ${why}`;
  if (signal !== null) return `${name} was ended by ${signal}${said}`;
  if (code === 127) {
    const hidden = process.env[sandboxMark] === "1" ? ", or its sandbox hides it (nexus-worker --sandbox-ro PATH)" : "";
    return `there is no program ${name} on this worker, or not in its PATH${hidden}${said}`;
  }
  if (code !== 0) return `${name} ended with exit code ${code}${said}${flagHint(spec, newest.at(-1) ?? "")}`;
  if (!hearing.isNothingReported) return hearing.isResultMissing ? resultMissing(spec, hearing) : "";
  if (noNumber !== undefined) return `${name} reported ${noNumber}; expected a number, such as 0.5 or NaN`;
  return nothingReported(spec, hearing);
}

/** It reported something, but never the metric that is its result. */
function resultMissing({ command, metrics }: CommandSpec, hearing: Hearing): string {
  const { missing, others, noNumber, files, isFirstRepeated } = hearing;
  const [first = "", ...further] = metrics.map(({ short }) => short);
  if (isFirstRepeated)
    return `${command[0]} reported ${first} only for iterations that it had reported before; one report is to have all metrics of an iteration`;
  if (noNumber?.startsWith(`${first} as `))
    return `${command[0]} reported ${noNumber}, and never as a number, such as 0.5 or NaN`;
  const reported = further.filter((name) => !missing.has(name)).join(", ");
  const never = `${reported === "" ? "" : `reported ${reported}, and `}never reported ${first}, by which a search goes`;
  const rest = [...others, ...(files?.seen.columns ?? [])].filter(
    (name) => name !== "iters" && !further.includes(name),
  );
  const also = rest.length === 0 ? "" : `; it also has ${rest.slice(0, 20).join(", ")}`;
  return `${command[0]} ${never}${also}${didYouMean(first, rest)}`;
}

function nothingReported(
  { command, metrics, patterns, file }: CommandSpec,
  { others, newest, files }: Hearing,
): string {
  const names = metrics.map(({ short }) => short);
  const named = [...others].filter((name) => name !== "iters");
  if (named.length > 0) {
    const hint = didYouMean(names[0] ?? "", named);
    return `${command[0]} reported ${named.join(", ")}, and none of the metrics: ${names.join(", ")}${hint}`;
  }
  const printed =
    newest.length === 0 ? "it printed nothing" : `the last that it printed: ${newest.slice(-3).join(" | ")}`;
  const wanted = `looked for ${names.join(", ")}`;
  if (files) {
    const { files: found, columns } = files.seen;
    const where = `metrics_file: ${file?.path}`;
    if (found.length === 0)
      return `${command[0]} wrote no file that ${where} names, in its working folder; ${printed.slice(0, 600)}`;
    const numbers = columns.length === 0 ? "no number" : `numbers called ${columns.join(", ")}`;
    return `${command[0]} wrote ${found.slice(0, 5).join(", ")} (${where}) with ${numbers}; ${wanted}; name the columns: file_columns: {${names[0]}: COLUMN}`;
  }
  if (patterns.length > 0)
    return `${command[0]} printed nothing that metric_pattern finds; ${wanted} by ${patterns.join(" or ")}; ${printed.slice(0, 600)}`;
  const pattern = patternFor(newest, names);
  if (pattern !== undefined) {
    return `${command[0]} reported nothing; ${wanted}; ${printed.slice(0, 600)}; to read that, add to the stage:  metric_pattern: '${pattern}'`;
  }
  const example = JSON.stringify({ iters: 100, [names[0] ?? "value"]: 0.5 });
  const almost = newest.map(almostReport).findLast((each) => each !== "");
  const found = almost === undefined ? "" : `, and found lines ${almost}`;
  return `${command[0]} reported nothing; ${wanted}; expected that it prints lines such as ${example} on its standard output${found}; ${printed.slice(0, 600)}`;
}
