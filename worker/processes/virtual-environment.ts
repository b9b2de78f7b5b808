import { delimiter, join } from "node:path";

/** Where a virtual environment of Python has its programs. */
export const programsIn = (folder: string): string => join(folder, process.platform === "win32" ? "Scripts" : "bin");

/** The variables of a program that is executed in a virtual environment. @param folder  null: in none */
export function environmentIn(folder: string | null | undefined, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!folder) return env;
  const { PYTHONHOME: _, ...rest } = env;
  const path = [programsIn(folder), ...(env["PATH"] ? [env["PATH"]] : [])].join(delimiter);
  return { ...rest, VIRTUAL_ENV: folder, PATH: path };
}
