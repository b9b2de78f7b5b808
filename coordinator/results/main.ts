#!/usr/bin/env node
/** nexus: everything that a person types about jobs and runs. */

import { explain } from "../../shared/errors.ts";
import { carryOut } from "./command-line.ts";
import { processOutput } from "./output.ts";

for (const stream of [process.stdout, process.stderr]) {
  // `nexus list runs | head`: whoever read the output has seen enough.
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
}

try {
  process.exitCode = await carryOut(process.argv.slice(2), processOutput);
} catch (error) {
  const { text, exit } = explain(error, "nexus");
  process.stderr.write(`${text}\n`);
  process.exitCode = exit;
}
