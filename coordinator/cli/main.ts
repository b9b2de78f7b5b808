#!/usr/bin/env node
/** nexus: the command for jobs, runs and workers. Hides the passwords in its words, and only then loads the program. */
import { hideArguments, takeVariable } from "../../shared/machine/started-with.ts";

hideArguments();
takeVariable("NEXUS_JOIN");
const { runProgram } = await import("./program.ts");
await runProgram();
