import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { counted } from "../../../shared/domain/counted.ts";
import { ProblemList, renderProblems } from "../../../shared/domain/runspec/problems.ts";
import { composeYaml } from "../../../shared/domain/runspec/yaml-tree.ts";
import { SpecError } from "../../../shared/errors.ts";
import type { StageCheck, StageCheckAnswer, StageProblem } from "../../../shared/here/stage-check.ts";
import type { Output } from "../../operator/output.ts";
import { placeOfProperty } from "./property-place.ts";

/** By path: the coordinator's code never imports the worker's. */
const program = fileURLToPath(new URL("../../../worker/here/check-stages.js", import.meta.url));
/** Long lists of large models take longer to try than this. A wrong value that was not tried fails its runs. */
const usualPatienceMs = 20_000;
const mostShown = 10;

/**
 * Tries every value before anything is submitted, so that a value that no component accepts fails no run.
 *
 * @param outcome  what did not happen: "nothing was submitted"
 * @throws SpecError with what the components object to
 */
export async function checkStages(
  question: StageCheck,
  outcome: string,
  output: Output,
  patienceMs = usualPatienceMs,
): Promise<void> {
  const problems = await askApart(question, patienceMs);
  if (problems === null) {
    output.note(
      `note: not every value of ${question.file} was tried within ${patienceMs / 1000} s; a wrong value would fail its runs\n`,
    );
    return;
  }
  if (problems.length === 0) return;
  const { file, text } = question;
  const sorted = placed(problems, question).sorted(file);
  const rest = sorted.length - mostShown;
  const lines = [renderProblems(sorted.slice(0, mostShown), { [file]: text })];
  if (rest > 0) lines.push(`... and ${rest} more`);
  throw new SpecError([...lines, `${counted(sorted.length, "problem")}; ${outcome}`].join("\n"));
}

/** Gives each problem the line of the spec where its value stands. */
function placed(problems: readonly StageProblem[], { file, text }: StageCheck): ProblemList {
  const { root } = composeYaml(file, text, new ProblemList());
  const list = new ProblemList();
  for (const { text: said, objection } of problems) {
    const at = root && objection ? placeOfProperty(root, objection) : undefined;
    if (at) list.add(at, said);
    else list.addWithoutLine(file, said);
  }
  return list;
}

/** Null if it took too long or its process ended: this machine may have less memory than a worker. */
async function askApart(question: StageCheck, patienceMs: number): Promise<StageCheckAnswer["problems"] | null> {
  // "advanced" because JSON has no infinities, which settings may be.
  const child = fork(program, [], { stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced" });
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  try {
    return await new Promise<StageCheckAnswer["problems"] | null>((resolve, reject) => {
      child.once("message", ({ problems }: StageCheckAnswer) => resolve(problems));
      child.once("error", reject);
      child.once("exit", () => resolve(null));
      child.send(question);
    });
  } finally {
    clearTimeout(timer);
  }
}
