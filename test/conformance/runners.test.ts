import { runnersImplementations, runnersSuite } from "./runners.ts";

for (const implementation of runnersImplementations) runnersSuite(implementation);
