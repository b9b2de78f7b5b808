import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../shared/errors.ts";
import type { Session } from "../../operator/session.ts";
import type { RunOptions } from "./launch-job.ts";
import { parseSpecArguments } from "./spec-arguments.ts";

/**
 * Reads a spec and runs it: on the swarm if its job launcher is enabled, otherwise here and now.
 *
 * @returns the exit code
 */
export async function runSpec(session: Session, words: readonly string[], options: RunOptions): Promise<number> {
  const { output } = session;
  const { file, commandLine } = parseSpecArguments(words);
  const { spec, warnings } = loadSpecFile(file, commandLine);
  if (warnings.length > 0) {
    output.note(`${renderProblems(warnings, { [file]: spec.text }).replace(/^(?! )/gm, "warning: ")}\n`);
  }
  if (spec.settings.enabled) {
    const { launchJob } = await import("./launch-job.ts");
    return launchJob(session, spec, options);
  }
  if (options.swarmOnly)
    throw new UsageError(`${file}: job_launcher is not enabled, so it would be run here; to search: enabled: 1`);
  const { runHere } = await import("./run-here.ts");
  return runHere(spec, output);
}
