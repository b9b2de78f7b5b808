#!/usr/bin/env node
/** nexus-worker: hides the join line that it was started with, and only then loads the program. */
import { setFlagsFromString } from "node:v8";
import { keepCode } from "../shared/machine/kept-code.ts";
import { hideArguments, takeVariable } from "../shared/machine/started-with.ts";

hideArguments();
keepCode();
// With this flag an idle worker takes 72 MB, and 91 MB without: the engine then takes more room for young objects
// (Node 20, 2026-11-28).
setFlagsFromString("--semi-space-growth-factor=1");
const line = takeVariable("NEXUS_JOIN");
const { runNexusWorker } = await import("./program.ts");
await runNexusWorker(line);
