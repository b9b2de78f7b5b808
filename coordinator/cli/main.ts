#!/usr/bin/env node
/** nexus: the command for jobs, runs and workers. Hides the passwords in its words, and only then loads the program. */
import { keepCode } from "../../shared/machine/kept-code.ts";
import { hideArguments, takeVariable } from "../../shared/machine/started-with.ts";

hideArguments();
keepCode();
takeVariable("NEXUS_JOIN");
const { runNexus } = await import("./program.ts");
await runNexus();
