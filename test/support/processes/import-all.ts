/**
 * Loads every module of an installed copy of Nexus Swarm, whole or in part, except its programs and their gathered
 * files: `node import-all.js FOLDER`. Fails at the first module that lacks something.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2] ?? "";
const programs =
  /(^|\/)gathered\/|(^|\/)(main|demo|guard|program|module-host|snapshot-writer|local-run|check-stages)\.js$/;
for (const program of ["coordinator", "shared", "worker"]) {
  if (!existsSync(join(folder, "dist", program))) continue;
  for (const file of readdirSync(join(folder, "dist", program), { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".js") && !programs.test(file)) await import(join(folder, "dist", program, file));
  }
}
// Some modules hold a port or a timer.
process.exit(0);
