/**
 * Preloaded into the programs under test (`NODE_OPTIONS`): they train at normal priority. At the lowest one, which a worker gives its
 * runs, a busy machine trains a hundred times slower, and every test would wait for it.
 */
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

process.env["NEXUS_PRIORITY"] = "normal";
os.setPriority = () => undefined;
syncBuiltinESMExports();
