import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A Python on this machine. */
export interface Python {
  /** In full: 3.12.4. */
  readonly version: string;
  /** The program. */
  readonly path: string;
  /** The folder that it is installed in, which what it starts must be able to read. */
  readonly base: string;
}

const asked =
  "import sys, json; print(json.dumps(['%d.%d.%d' % sys.version_info[:3], getattr(sys, '_base_executable', '') or sys.executable, sys.base_prefix]))";
const answerMs = 30_000;
/** Most other Pythons on the PATH that are tried if none fits; an error names those found. */
const mostAsked = 12;

const isWindows = process.platform === "win32";

/**
 * The Python that a job asks for: on the PATH by its name, else uv's, else pyenv's, else another on the PATH. If the
 * job asks for none, the PATH's own.
 *
 * @param wanted  3, 3.12 or 3.12.4; null: any
 * @throws Error that says which were found
 */
export async function findPython(wanted: string | null, env: NodeJS.ProcessEnv): Promise<Python> {
  const found: Python[] = [];
  for (const candidate of await candidates(wanted, env)) {
    const python = await about(candidate, env);
    if (python && fits(python.version, wanted)) return python;
    if (python) found.push(python);
  }
  if (wanted !== null) {
    for (const path of others(env)) {
      const python = await about(path, env);
      if (python && fits(python.version, wanted)) return python;
      if (python) found.push(python);
    }
  }
  const versions = [...new Set(found.map(({ version }) => version))].sort();
  const have = versions.length === 0 ? "no Python was found" : `found ${versions.join(", ")}`;
  throw new Error(
    `there is no Python${wanted === null ? "" : ` ${wanted}`} here: ${have}; install it on this machine` +
      (wanted === null ? " (python3)" : `, for example: uv python install ${wanted}`),
  );
}

const fits = (version: string, wanted: string | null): boolean =>
  wanted === null || `${version}.`.startsWith(`${wanted}.`);

async function candidates(wanted: string | null, env: NodeJS.ProcessEnv): Promise<string[]> {
  const names = wanted === null ? [] : [`python${wanted.split(".").slice(0, 2).join(".")}`];
  const usual = [...names, ...(isWindows ? ["python"] : ["python3", "python"])];
  if (wanted === null) return usual;
  const [own = ""] = (await answer("uv", ["python", "find", wanted], env)).split("\n");
  return [...usual, ...(own.trim() === "" ? [] : [own.trim()]), ...pyenvs(wanted, env)];
}

/** What pyenv has installed, the newest first: its names on the PATH start only the version that pyenv is set to. */
function pyenvs(wanted: string, env: NodeJS.ProcessEnv): string[] {
  const root = join(env["PYENV_ROOT"] ?? join(env["HOME"] ?? "", ".pyenv"), "versions");
  const versions = namesIn(root).filter((name) => fits(name, wanted));
  const byNumber = (a: string, b: string): number => b.localeCompare(a, "en", { numeric: true });
  return versions.sort(byNumber).map((name) => join(root, name, "bin", "python3"));
}

function others(env: NodeJS.ProcessEnv): string[] {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /^python3\.\d+$/.test(name))
      .map((name) => join(folder, name)),
  );
  return found.slice(0, mostAsked);
}

/** None in what is not there, is no folder or cannot be read, such as Windows' folders on the PATH of WSL. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined if that is no Python that starts. `-I`: it imports nothing that a user may have installed for himself. */
async function about(path: string, env: NodeJS.ProcessEnv): Promise<Python | undefined> {
  try {
    const [version, program, base] = JSON.parse(await answer(path, ["-I", "-c", asked], env)) as unknown[];
    if (typeof version !== "string" || typeof program !== "string" || typeof base !== "string") return undefined;
    return { version, path: program, base };
  } catch {
    return undefined; // it printed something else
  }
}

/**
 * What a program prints; "" if it cannot be started, fails, or takes longer than 30 s. It is started in `/`: Python
 * imports from the current folder, and uv takes the environment that lies there.
 */
export function answer(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { cwd: "/", env, stdio: ["ignore", "pipe", "ignore"], timeout: answerMs });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (text.length < 10_000) text += chunk;
    });
    child.once("error", () => resolve(""));
    child.once("close", (code) => resolve(code === 0 ? text : ""));
  });
}
