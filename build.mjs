/**
 * `npm run build`: compiles everything into dist. It is made beside the old one and then takes its place, because programs may be
 * running from there: `npx nexus` builds at its first use, while a search may be under way. With --if-changed nothing is done where dist
 * was built from these very sources.
 */

import { execSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { stampOf } from "./build-stamp.mjs";

const making = `dist.${process.pid}`;
const old = `${making}.old`;
const kernels = "worker/components/kernels";
/** In dist: from which sources it was built. */
const stampFile = ".built";
const stamp = stampOf(".");

if (process.argv.includes("--if-changed") && builtFrom() === stamp) process.exit(0);

try {
  run(`tsc -p tsconfig.json --outDir ${making}`);
  run(
    `asc ${kernels}/assembly/kernels.ts --config ${kernels}/assembly/asconfig.json -o ${making}/${kernels}/kernels.wasm`,
  );
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
  for (const folder of [making, old]) rmSync(folder, { recursive: true, force: true });
}

function builtFrom() {
  return existsSync(`dist/${stampFile}`) ? readFileSync(`dist/${stampFile}`, "utf8") : undefined;
}

function run(command) {
  execSync(command, { stdio: ["ignore", "inherit", "inherit"] });
}
