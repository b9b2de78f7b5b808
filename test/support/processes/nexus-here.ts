import { runCommandLine } from "../../../coordinator/cli/command-line.ts";
import { explain } from "../../../shared/errors.ts";
import type { CommandEnd } from "./nexus-command.ts";
import type { Swarm } from "./swarm.ts";

/** Makes this process the place where the swarm's commands are typed: its folder and environment. */
export function standIn({ folder, env }: Pick<Swarm, "folder" | "env">): void {
  process.chdir(folder);
  for (const name of ["XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"]) process.env[name] = env[name];
}

/** Runs a `nexus` command in this process: on a busy machine, a new process for each of a dozen commands takes long. */
export async function nexusHere(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const output = {
    result: (text: string) => {
      said.stdout += text;
    },
    note: (text: string) => {
      said.stderr += text;
    },
  };
  try {
    return { code: await runCommandLine(words, output), ...said };
  } catch (error) {
    const { text, exit } = explain(error, "nexus");
    return { code: exit, stdout: said.stdout, stderr: `${said.stderr}${text}\n` };
  }
}

let before: Promise<unknown> = Promise.resolve();

/**
 * Runs a command in this process as `nexus` of processes/nexus-command.ts does: in a folder, with its data in that
 * folder's `data`. Commands run one after another, because each needs this process's folder and environment to itself.
 */
export function nexusAt(words: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): Promise<CommandEnd> {
  const end = before.then(() => carriedOutAt(words, folder, env));
  before = end.catch(() => undefined);
  return end;
}

async function carriedOutAt(words: readonly string[], folder: string, env: NodeJS.ProcessEnv): Promise<CommandEnd> {
  const was = { folder: process.cwd(), env: { ...process.env } };
  const { NEXUS_WORKSPACE: _1, NEXUS_SERVERS: _2, NEXUS_CREDS: _3, ...inherited } = was.env;
  setVariables({ ...inherited, HOME: folder, XDG_DATA_HOME: `${folder}/data`, ...env });
  process.chdir(folder);
  try {
    return { signal: null, ...(await nexusHere(...words)) };
  } finally {
    process.chdir(was.folder);
    setVariables(was.env);
  }
}

function setVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}
