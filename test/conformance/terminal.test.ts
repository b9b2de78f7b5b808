import { terminalImplementations, terminalSuite } from "./terminal.ts";

for (const implementation of terminalImplementations) terminalSuite(implementation);
