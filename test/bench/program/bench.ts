import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import makeCommand from "../../../worker/stages/Command_Proc/Command_Proc.ts";
import type { StageContext } from "../../../worker/stages/stage.ts";

/** Measures a run's overhead over its program alone, in pairs one after the other, so that other work slows both. */
export async function run([pairs = "200"]: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const program = ["/bin/sh", "-c", "echo '{\"value\": 1}'"];
  const never = new AbortController().signal;
  let reported = 0;
  const context = (directory: string): StageContext => ({
    spec: {
      component: "processors/Command_Proc",
      ...{ command: program, arguments: {}, as_options: true, env: {}, metrics: ["value"], metric_pattern: null },
      ...{
        goal: "maximize",
        summary: "last",
        asks_should_stop: false,
        decimals: 5,
        random_seed: 1,
        metrics_file: null,
      },
    },
    directory,
    stateDirectory: join(directory, "state"),
    codeFolder: null,
    inputsFolder: null,
    signal: never,
    leaving: never,
    savingSeconds: 4,
    report: () => {
      reported += 1;
    },
    checkpointDue: () => false,
    checkpoint: async () => undefined,
    log: () => undefined,
    breathe: async () => undefined,
  });
  const alone = async (): Promise<void> => {
    const child = spawn(program[0] ?? "", program.slice(1), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    await once(child, "close");
  };
  const timed = async (work: () => unknown): Promise<number> => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  const times = { alone: [] as number[], asRun: [] as number[], more: [] as number[] };
  try {
    for (let i = 0; i < Number(pairs); i += 1) {
      const bare = await timed(alone);
      const asRun = await timed(async () => (await makeCommand(context(join(folder, `${i}`)))).run());
      times.alone.push(bare);
      times.asRun.push(asRun);
      times.more.push(asRun - bare);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (reported !== Number(pairs)) throw new Error(`${reported} reports of ${pairs} runs`);
  for (const [name, all] of Object.entries(times)) {
    const sorted = all.sort((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
    process.stdout.write(`${name.padEnd(8)} ms: median ${at(0.5)}, quarter ${at(0.25)}, three quarters ${at(0.75)}\n`);
  }
}
