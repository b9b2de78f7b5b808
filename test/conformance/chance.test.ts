import { chanceImplementations, chanceSuite } from "./chance.ts";

for (const implementation of chanceImplementations) chanceSuite(implementation);
