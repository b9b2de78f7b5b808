import { carryOut } from "../../../coordinator/cli/command-line.ts";
import { explain } from "../../../shared/errors.ts";
import type { Swarm } from "../processes/swarm.ts";

/** This process is from then on where a swarm's commands are typed. */
export function standIn({ folder, env }: Pick<Swarm, "folder" | "env">): void {
  process.chdir(folder);
  for (const name of ["XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"]) process.env[name] = env[name];
}

/** A command as `nexus` carries it out, in this process: a new one for each of a dozen takes long on a busy machine. */
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
    return { code: await carryOut(words, output), ...said };
  } catch (error) {
    const { text, exit } = explain(error, "nexus");
    return { code: exit, stdout: said.stdout, stderr: `${said.stderr}${text}\n` };
  }
}
