import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, relative, resolve } from "node:path";

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
 * What a virtual environment needs of the Python that it was made from: the folder in which that is installed, as the environment
 * names it and as it really is. Of a folder that holds more than a Python (a home, `~/.local`), or that has only a link to one: the
 * program, and Python's own library. None if that cannot be known, or of a folder above a home.
 */
export function basePaths(environment: string): string[] {
  try {
    const [, home = ""] = /^home *= *(.*\S)/m.exec(readFileSync(join(environment, "pyvenv.cfg"), "utf8")) ?? [];
    const programs = ["python", "python3"].flatMap((name) => linksFrom(join(programsIn(environment), name)));
    const outside = programs.filter((path) => !isWithin(path, environment));
    return [...new Set([...(isAbsolute(home) ? pythonIn(dirname(home)) : []), ...outside.flatMap(pythonOf)])];
  } catch {
    // A conda environment has no such file: it is a whole Python. Another one cannot be read, or there is no home to compare with.
    return [];
  }
}

/** What a link leads to, link by link. */
function linksFrom(path: string): string[] {
  if (!existsSync(path) || !lstatSync(path).isSymbolicLink()) return [];
  const next = resolve(dirname(path), readlinkSync(path));
  return [next, ...linksFrom(next)];
}

/** @param program  of a Python, such as `~/.local/bin/python3.12` */
function pythonOf(program: string): string[] {
  const found = pythonIn(dirname(dirname(program)));
  return found.some((path) => isWithin(program, path)) ? found : [program, ...found];
}

/** The Python of this folder: all of the folder, or only Python's library if the folder is a home's own. */
function pythonIn(folder: string): string[] {
  const library = join(folder, "lib");
  const names = existsSync(library) ? readdirSync(library) : [];
  const modules = names.filter((name) => existsSync(join(library, name, "os.py")));
  if (modules.length === 0) return [];
  const real = realPath(folder);
  const own = [homedir(), join(homedir(), ".local")].map(realPath);
  if (own.includes(real))
    return [...modules, ...names.filter((name) => /^libpython3.*\.so/.test(name))].map((name) => join(library, name));
  return own.some((path) => isWithin(path, real)) ? [] : [folder, real];
}

const isWithin = (path: string, folder: string): boolean => !relative(folder, path).startsWith("..");

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
