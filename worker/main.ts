#!/usr/bin/env node
/** nexus-worker: hides the join line that it was started with, and only then loads the program. */
import { setFlagsFromString } from "node:v8";
import { keepCode } from "../shared/machine/kept-code.ts";
import { hideArguments, takeVariable } from "../shared/machine/started-with.ts";

hideArguments();
keepCode();
// An idle worker takes 72 MB so, and 91 MB where the engine may lay out room for young objects as it likes (Node 20, 2026-11-28).
setFlagsFromString("--semi-space-growth-factor=1");
const line = takeVariable("NEXUS_JOIN");
const { runNexusWorker } = await import("./program.ts");
await runNexusWorker(line);
