import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a tool of the system is started: one that stays and prints lines. */
export interface Tool {
  readonly command: string;
  readonly words: readonly string[];
}

export interface Running {
  stop(): void;
}

/** Starts a tool. `ended` is called once, with why, if it ends or cannot be started; not after `stop`. */
export type StartTool = (tool: Tool, heard: (line: string) => void, ended: (why: string) => void) => Running;

export const startTool: StartTool = ({ command, words }, heard, ended) => {
  // It ends by itself when its pipe has no reader any more, and at the latest when this process closes it.
  const child: ChildProcess = spawn(command, words, { stdio: ["pipe", "pipe", "ignore"] });
  let isOver = false;
  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    ended(why);
  };
  if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => isOver || heard(line));
  child.stdin?.on("error", () => undefined);
  child.once("error", (error) => end(`${command} cannot be started: ${error.message}`));
  child.once("exit", (code, signal) => end(`${command} ended (${signal ?? code})`));
  child.unref();
  for (const stream of [child.stdin, child.stdout])
    if (stream && "unref" in stream && typeof stream.unref === "function") stream.unref();
  return {
    stop: () => {
      isOver = true;
      child.kill("SIGTERM");
    },
  };
};
