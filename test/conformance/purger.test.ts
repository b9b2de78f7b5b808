import { purgerImplementations, purgerSuite } from "./purger.ts";

for (const implementation of purgerImplementations) purgerSuite(implementation);
