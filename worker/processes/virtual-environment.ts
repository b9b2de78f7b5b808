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
 * None if the environment names none, or one that holds more than a Python (`/`, a home, `~/.local`), or if that cannot be known.
 */
export function baseFolders(environment: string): string[] {
  try {
    const [, programs = ""] = /^home *= *(.*\S)/m.exec(readFileSync(join(environment, "pyvenv.cfg"), "utf8")) ?? [];
    const named = dirname(programs);
    const library = join(named, "lib");
    const hasPython =
      isAbsolute(programs) && readdirSync(library).some((name) => existsSync(join(library, name, "os.py")));
    const real = realpathSync(named);
    const isWide = [homedir(), join(homedir(), ".local")].some((folder) => isWithin(realPath(folder), real));
    return hasPython && !isWide ? [...new Set([named, real])] : [];
  } catch {
    // A conda environment has no such file: it is a whole Python. Another one cannot be read, or there is no home to compare with.
    return [];
  }
}

const isWithin = (path: string, folder: string): boolean => !relative(folder, path).startsWith("..");

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
