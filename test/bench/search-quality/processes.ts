import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Outcome, Task } from "./measuring.ts";

/** A bench process's answer to a task. */
export type Answer = { readonly outcome: Outcome } | { readonly task: Task; readonly error: string };

/** Settings that each process is started with. */
export interface ProcessSettings {
  /** The Python that has the peers; null without peers. */
  readonly python: string | null;
}

const program = fileURLToPath(new URL("./process.js", import.meta.url));

/**
 * Runs the tasks in `processes` processes and passes on each answer as it comes. CPU times are those of each search
 * alone, but processes that share a core slow each other.
 *
 * @throws Error if a process ends by itself; the others are then ended
 */
export async function runTasks(
  tasks: readonly Task[],
  processes: number,
  settings: ProcessSettings,
  hear: (answer: Answer) => void,
): Promise<void> {
  const left = [...tasks];
  const children: ChildProcess[] = [];
  const work = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (): void => {
        const task = left.shift();
        if (task) child.send(task);
        else resolve();
      };
      child.on("message", (answer: Answer) => {
        hear(answer);
        next();
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`a process of the bench ended with ${signal ?? code}`)));
      next();
    });
  try {
    for (let i = 0; i < Math.min(processes, tasks.length); i++)
      children.push(fork(program, [JSON.stringify(settings)], { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    await Promise.all(children.map(work));
  } finally {
    for (const child of children) {
      child.removeAllListeners("exit");
      child.disconnect();
    }
  }
}
