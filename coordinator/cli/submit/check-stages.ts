import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { StageCheck, StageCheckAnswer } from "../../../shared/components/stage-check.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { SpecError } from "../../../shared/errors.ts";
import type { Output } from "../../operator/output.ts";

/** By path: the coordinator's code never imports the worker's. */
const program = fileURLToPath(new URL("../../../worker/here/check-stages.js", import.meta.url));
/** Long lists of large models take long to try. A value that was not tried fails its runs if it is wrong. */
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
  const shown = problems.slice(0, mostShown).map((problem) => `${question.file}: ${problem}`);
  const rest = problems.length - shown.length;
  const lines = [...shown, ...(rest > 0 ? [`... and ${rest} more`] : [])];
  throw new SpecError(`${lines.join("\n")}\n\n${counted(problems.length, "problem")}; ${outcome}`);
}

/** Null if it took too long or its process ended: this machine may have less memory than a worker. */
async function askApart(question: StageCheck, patienceMs: number): Promise<readonly string[] | null> {
  // "advanced" because JSON has no infinities, which settings may be.
  const child = fork(program, [], { stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced" });
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  try {
    return await new Promise<readonly string[] | null>((resolve, reject) => {
      child.once("message", ({ problems }: StageCheckAnswer) => resolve(problems));
      child.once("error", reject);
      child.once("exit", () => resolve(null));
      child.send(question);
    });
  } finally {
    clearTimeout(timer);
  }
}
