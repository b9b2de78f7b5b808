#!/usr/bin/env node

/** nexus: the command for jobs, runs and workers. */

import { endWhenNobodyReads } from "../../shared/closed-pipe.ts";
import { explain } from "../../shared/errors.ts";
import { processOutput } from "../operator/output.ts";
import { carryOut } from "./command-line.ts";

endWhenNobodyReads();

try {
  process.exitCode = await carryOut(process.argv.slice(2), processOutput);
} catch (error) {
  const { text, exit } = explain(error, "nexus");
  process.stderr.write(`${text}\n`);
  process.exitCode = exit;
}
