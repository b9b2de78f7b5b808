import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, relative } from "node:path";

/** Where a virtual environment of Python has its programs. */
export const programsIn = (folder: string): string => join(folder, process.platform === "win32" ? "Scripts" : "bin");

/** The variables of a program that is executed in a virtual environment. @param folder  null: in none */
export function environmentIn(folder: string | null | undefined, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!folder) return env;
  const { PYTHONHOME: _, ...rest } = env;
  const path = [programsIn(folder), ...(env["PATH"] ? [env["PATH"]] : [])].join(delimiter);
  return { ...rest, VIRTUAL_ENV: folder, PATH: path };
}

/**
 * The folder in which the Python of a virtual environment is installed, as the environment names it and as it really is.
 * None if the environment names none, or one that holds more than a Python: `/`, a home, `~/.local`.
 */
export function baseFolders(environment: string): string[] {
  const settings = join(environment, "pyvenv.cfg");
  // A conda environment has none: it is a whole Python.
  if (!existsSync(settings)) return [];
  const [, programs = ""] = /^home *= *(.*\S)/m.exec(readFileSync(settings, "utf8")) ?? [];
  const named = dirname(programs);
  const library = join(named, "lib");
  if (!isAbsolute(programs) || !existsSync(library)) return [];
  const real = realpathSync(named);
  const hasPython = readdirSync(library).some((name) => existsSync(join(library, name, "os.py")));
  const isWide = [homedir(), join(homedir(), ".local")].some((folder) => isWithin(realPath(folder), real));
  return hasPython && !isWide ? [...new Set([named, real])] : [];
}

const isWithin = (path: string, folder: string): boolean => !relative(folder, path).startsWith("..");

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
