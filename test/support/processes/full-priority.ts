/**
 * Preloaded into the programs under test (`NODE_OPTIONS`), so that they train at normal priority. A worker gives its
 * runs the lowest, at which a busy machine trains a hundred times slower and every test would wait.
 */
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

process.env["NEXUS_PRIORITY"] = "normal";
os.setPriority = () => undefined;
syncBuiltinESMExports();
