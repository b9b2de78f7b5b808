import { endWhenNobodyReads } from "../../shared/program/closed-pipe.ts";
import { exitAfter } from "../../shared/program/exit-after.ts";
import { processOutput } from "../operator/output.ts";
import { carryOut } from "./command-line.ts";

/** Carries out what was typed; sets the exit code. */
export async function runProgram(): Promise<void> {
  endWhenNobodyReads();
  try {
    process.exitCode = await carryOut(process.argv.slice(2), processOutput);
  } catch (error) {
    process.exitCode = exitAfter(error, "nexus");
  }
}
