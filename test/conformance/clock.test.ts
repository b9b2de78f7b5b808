import { clockImplementations, clockSuite } from "./clock.ts";

for (const implementation of clockImplementations) clockSuite(implementation);
