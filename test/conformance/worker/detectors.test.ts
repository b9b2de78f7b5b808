import { detectorImplementations } from "./detector-rigs.ts";
import { detectorSuite } from "./detectors.ts";

for (const implementation of detectorImplementations) detectorSuite(implementation);
