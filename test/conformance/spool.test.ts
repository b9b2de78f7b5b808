import { spoolImplementations, spoolSuite } from "./spool.ts";

for (const implementation of spoolImplementations) spoolSuite(implementation);
