#!/usr/bin/env node
/** nexus-coord: hides an invitation that it was started with, and only then loads the program. */
import { keepCode } from "../shared/machine/kept-code.ts";
import { hideArguments, takeVariable } from "../shared/machine/started-with.ts";

hideArguments();
keepCode();
// For nexus-worker; a coordinator and its children have no use for it.
takeVariable("NEXUS_JOIN");
const { runNexusCoord } = await import("./program.ts");
await runNexusCoord();
