import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { mustEnd } from "../cleanup.ts";

const program = fileURLToPath(new URL("../../../coordinator/cli/main.js", import.meta.url));

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedCommand {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it printed so far. */
  stdout(): string;
  stderr(): string;
  ended(): Promise<CommandEnd>;
}

/** Starts `nexus` as a person does, in a folder, with its data in that folder's `data`. */
export function startNexus(words: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): StartedCommand {
  const { NEXUS_WORKSPACE: _1, NEXUS_SERVERS: _2, NEXUS_CREDS: _3, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    env: { ...inherited, HOME: folder, XDG_DATA_HOME: `${folder}/data`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  mustEnd(child.pid);
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...text }));
  });
  return { child, pid: child.pid ?? 0, stdout: () => text.stdout, stderr: () => text.stderr, ended: () => ended };
}

/** Runs it to its end. */
export const nexus = (words: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): Promise<CommandEnd> =>
  startNexus(words, folder, env).ended();
