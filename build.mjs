/**
 * `npm run build`: compiles everything into dist. It is made beside the old one and then takes its place, because programs may be
 * running from there: `npx nexus` builds at its first use, while a search may be under way.
 */

import { execSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";

const making = `dist.${process.pid}`;
const old = `${making}.old`;
const kernels = "worker/components/kernels";

try {
  run(`tsc -p tsconfig.json --outDir ${making}`);
  run(
    `asc ${kernels}/assembly/kernels.ts --config ${kernels}/assembly/asconfig.json -o ${making}/${kernels}/kernels.wasm`,
  );
  if (existsSync("dist")) renameSync("dist", old);
  renameSync(making, "dist");
} catch (error) {
  // The compilers have said what is wrong.
  process.exitCode = error.status ?? 1;
  if (error.status === undefined) console.error(`build: ${error.message}`);
} finally {
  for (const folder of [making, old]) rmSync(folder, { recursive: true, force: true });
}

function run(command) {
  execSync(command, { stdio: ["ignore", "inherit", "inherit"] });
}
