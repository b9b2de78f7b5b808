import { messagesSuite } from "./bus.ts";
import { busImplementations, readerImplementation, sealedImplementation, signingImplementation } from "./bus-rig.ts";
import { readingSuite, storingSuite } from "./bus-streams.ts";
import { entriesSuite } from "./entries.ts";

for (const implementation of busImplementations) {
  messagesSuite(implementation);
  storingSuite(implementation);
  readingSuite(implementation);
  entriesSuite(implementation);
}
readingSuite(readerImplementation);
entriesSuite(readerImplementation);
storingSuite(sealedImplementation);
readingSuite(sealedImplementation);
entriesSuite(sealedImplementation);
messagesSuite(signingImplementation);
