#!/usr/bin/env node
/** nexus-worker: hides the join line that it was started with, and only then loads the program. */
import { hideArguments, takeVariable } from "../shared/machine/started-with.ts";

hideArguments();
const line = takeVariable("NEXUS_JOIN");
const { runProgram } = await import("./program.ts");
await runProgram(line);
