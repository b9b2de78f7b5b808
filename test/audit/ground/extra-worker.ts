import { pause } from "../../../shared/time/deadline.ts";
import type { Ground } from "./ground.ts";
import { type Program, startProgram } from "./programs.ts";
import { stateOf } from "./state.ts";

/** Another real worker, with its own pool of jobs. */
export interface ExtraWorker {
  readonly program: Program;
  /**
   * Runs a spec whose `compute_target` is this worker's pool; resolves with the job's name when it ends or time is up.
   */
  run(name: string, spec: string): Promise<string>;
}

const runLimitMs = 120_000;

export function startExtraWorker(ground: Ground, pool: string, options: readonly string[] = []): ExtraWorker {
  const args = [ground.joinLine, "--name", pool, "--target", pool, "--slots", "1", ...options];
  const program = startProgram("worker/main.js", args, ground.folder, ground.env);
  const run = async (name: string, spec: string): Promise<string> => {
    const { code, output } = await ground.command(["run", ground.write(`${name}.yaml`, spec)]);
    const job = /job\d+/.exec(output)?.[0];
    if (code !== 0 || job === undefined) throw new Error(`${name} was not submitted: ${output.slice(0, 300)}`);
    const limit = performance.now() + runLimitMs;
    for (;;) {
      const table = (await stateOf(ground)).jobs.get(job as never);
      if (table?.isOver || performance.now() > limit || program.exitCode !== undefined) return job;
      await pause(200);
    }
  };
  return { program, run };
}
