import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { packageRoot } from "../../shared/components/component-defaults.ts";

/** A file of the package, by its path within it. */
export interface PackedFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** What `worker/` and `shared/` import; a test reads every import of theirs and compares. */
export const workerNeeds = ["commander", "js-yaml", "msgpackr", "nats", "pino", "seedrandom", "ws"] as const;

/** Where a worker begins: its program and the runner's, which are gathered. The kernels lie beside their module's place. */
const programs = ["worker/main.js", "worker/runner/main.js", "worker/components/kernels/kernels.wasm"];

/**
 * What a worker of this version runs on, from this coordinator's own files: its programs, defaults, and what they
 * import. A machine that joins writes every file, so no other module is included (786 files, and twice the bytes, when
 * all were).
 */
export function workerFiles(root: string = packageRoot()): PackedFile[] {
  const files: PackedFile[] = [];
  const add = (folder: string, under: string, isWanted: (path: string) => boolean): void => {
    for (const path of pathsIn(folder))
      if (isWanted(path)) files.push({ path: `${under}/${path}`, bytes: readFileSync(join(folder, path)) });
  };
  for (const name of ["package.json", "LICENSE"])
    if (existsSync(join(root, name))) files.push({ path: name, bytes: readFileSync(join(root, name)) });
  for (const program of ["worker", "shared"]) add(join(root, program), program, (path) => path.endsWith(".yaml"));
  // The Python package that training scripts import, without what a wheel carries beside it.
  const python = join(root, "python/src");
  if (existsSync(python)) add(python, "python/src", (path) => /^nexus_swarm\/(\w+\/)?\w+\.py$/.test(path));
  const dist = join(root, "dist");
  // Leave out the tests, whose code in dist comes and goes.
  const built = ["coordinator", "shared", "worker"].flatMap((program) =>
    pathsIn(join(dist, program)).map((path) => `${program}/${path}`),
  );
  const { modules, libraries } = reached(dist, programs);
  for (const path of built)
    if (modules.has(path)) files.push({ path: `dist/${path}`, bytes: readFileSync(join(dist, path)) });
  const used = dependencies(root, [...libraries]);
  for (const [place, folder] of dependencies(root, workerNeeds))
    add(folder, place, (path) => namesLicence(path) || (used.has(place) && isNeededAtRunTime(path)));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All modules that these import, directly or not, with themselves, and the libraries that they name; paths within the folder. */
function reached(folder: string, from: readonly string[]): { modules: Set<string>; libraries: Set<string> } {
  const modules = new Set(from);
  const libraries = new Set<string>();
  for (const path of modules) {
    if (!path.endsWith(".js")) continue;
    const text = readFileSync(join(folder, path), "utf8");
    for (const [, a, b, c] of text.matchAll(
      /^(?:import|export|\}) .*\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([a-z@.][^"]*)"\)/gm,
    )) {
      const name = a ?? b ?? c ?? "";
      if (name.startsWith(".")) modules.add(posix.join(posix.dirname(path), name));
      // A gathered program has its libraries in it.
      else if (!name.startsWith("node:") && !path.includes("/gathered/")) libraries.add(name.split("/")[0] ?? "");
    }
  }
  return { modules, libraries };
}

const leftOut = /(^|\/)(test|tests|docs|benchmarks|examples|browser|typings|\.\w+)\//;
/** Licences travel with what they are for, in a gathered program too. */
const namesLicence = (path: string): boolean => path === "package.json" || /(^|\/)licen[cs]e[^/]*$/i.test(path);
const isNeededAtRunTime = (path: string): boolean =>
  !leftOut.test(path) && /\.(js|cjs|mjs|json|wasm)$/.test(path) && !/\.(min|test)\.js$/.test(path);

/**
 * `node_modules/NAME` -> its folder on this machine, for these packages and what they need. The second version of a
 * package lies below the package that needs it, as npm lays it.
 */
function dependencies(root: string, of: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const waiting: { name: string; from: string; under: string }[] = of.map((name) => ({
    name,
    from: root,
    under: "",
  }));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { name, from, under } = next;
    const folder = folderOf(name, from);
    const usual = `node_modules/${name}`;
    const place = (found.get(usual) ?? folder) === folder ? usual : `${under}/node_modules/${name}`;
    if (found.has(place)) continue;
    found.set(place, folder);
    const { dependencies: needs = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    for (const needed of Object.keys(needs)) waiting.push({ name: needed, from: folder, under: place });
  }
  return found;
}

/** As Node finds a package: in the nearest node_modules at or above the folder. */
function folderOf(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (dirname(folder) === folder) throw new Error(`the package ${name}, which ${from} needs, is not installed`);
  }
}

/** Paths of the files below a folder, without those of packages inside of it, and without links. */
function pathsIn(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    if (name === "node_modules") return [];
    const stat = lstatSync(join(folder, path));
    if (stat.isDirectory()) return pathsIn(folder, path);
    return stat.isFile() ? [path] : [];
  });
}
