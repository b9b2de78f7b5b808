import { priorityImplementations, prioritySuite } from "./priorities.ts";

for (const implementation of priorityImplementations) prioritySuite(implementation);
