import { ownSearchSuite } from "./own-search.ts";
import { ownSearchImplementations } from "./own-search-rig.ts";

for (const implementation of ownSearchImplementations) ownSearchSuite(implementation);
