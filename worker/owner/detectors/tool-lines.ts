import { type ChildProcess, spawn } from "node:child_process";

/** A tool of the system that stays and prints lines, and how to start it. */
export interface Tool {
  readonly command: string;
  readonly words: readonly string[];
}

export interface Running {
  /** Whether its process has ended. One that hangs in a driver ends late, or never. */
  readonly isGone: boolean;
  stop(): void;
}

/** Starts a tool. `ended` is called once, with why, if it ends or cannot be started; not after `stop`. */
export type StartTool = (tool: Tool, heard: (line: string) => void, ended: (why: string) => void) => Running;

/** Characters; no tool of ours prints longer lines, and one that does is killed. */
const longestLine = 65_536;

export const startTool: StartTool = ({ command, words }, heard, ended) => {
  // It ends by itself when its pipe has no reader any more, and at the latest when this process closes it.
  const child: ChildProcess = spawn(command, words, { stdio: ["pipe", "pipe", "ignore"] });
  let isOver = false;
  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    ended(why);
  };
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (!isOver) heard(line);
    if (rest.length <= longestLine) return;
    rest = "";
    child.kill("SIGKILL");
    end(`${command} prints a line without end`);
  });
  child.stdin?.on("error", () => undefined);
  child.once("error", (error) => end(`${command} cannot be started: ${error.message}`));
  child.once("exit", (code, signal) => end(`${command} ended (${signal ?? code})`));
  child.unref();
  for (const stream of [child.stdin, child.stdout])
    if (stream && "unref" in stream && typeof stream.unref === "function") stream.unref();
  return {
    get isGone() {
      return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    },
    stop: () => {
      isOver = true;
      // A process that stands still ends by no other signal.
      child.kill("SIGKILL");
    },
  };
};
