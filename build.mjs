/**
 * `npm run build`: compiles everything into dist. The new dist is made beside the old one and then takes its place,
 * because programs may be running from there: `npx nexus` builds at its first use, while a search may be under way.
 * With --if-changed nothing is done if dist was built from these very sources.
 */

import { execSync } from "node:child_process";
import { chmodSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { relative } from "node:path";
import { stampOf } from "./build-stamp.mjs";

const making = `dist.${process.pid}`;
const old = `${making}.old`;
const kernels = "worker/components/kernels";
/** In dist: the stamp of the sources it was built from. */
const stampFile = ".built";
const stamp = stampOf(".");

if (process.argv.includes("--if-changed") && builtFrom() === stamp) process.exit(0);

/**
 * npm hides what `prepare` prints, and a build takes a quarter of a minute: progress goes to the terminal, if there is
 * one.
 */
const terminal = process.argv.includes("--if-changed") ? openTerminal() : undefined;

try {
  tell("nexus: building, as at each first use: compiling (1 of 3)");
  run(`tsc -p tsconfig.json --outDir ${making}`);
  tell("nexus: building, as at each first use: kernels (2 of 3)");
  run(
    `asc ${kernels}/assembly/kernels.ts --config ${kernels}/assembly/asconfig.json -o ${making}/${kernels}/kernels.wasm`,
  );
  tell("nexus: building, as at each first use: programs (3 of 3)");
  const { gatherPrograms } = await import("./gather.mjs");
  await gatherPrograms(making);
  // npm makes them executable when it links them, and npx links this folder only once.
  const { bin } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const program of Object.values(bin)) chmodSync(`${making}/${relative("dist", program)}`, 0o755);
  writeFileSync(`${making}/${stampFile}`, stamp);
  if (existsSync("dist")) renameSync("dist", old);
  renameSync(making, "dist");
} catch (error) {
  // The compilers have said what is wrong.
  process.exitCode = error.status ?? 1;
  if (error.status === undefined) console.error(`build: ${error.message}`);
} finally {
  tell("");
  for (const folder of [making, old]) rmSync(folder, { recursive: true, force: true });
}

function openTerminal() {
  try {
    return openSync("/dev/tty", "w");
  } catch {
    // CI, a pipe, a service: nobody is there to be told.
    return undefined;
  }
}

/** Overwrites the line told before. */
function tell(text) {
  if (terminal !== undefined) writeSync(terminal, `\r\u001b[K${text}`);
}

function builtFrom() {
  return existsSync(`dist/${stampFile}`) ? readFileSync(`dist/${stampFile}`, "utf8") : undefined;
}

function run(command) {
  execSync(command, { stdio: ["ignore", "inherit", "inherit"] });
}
