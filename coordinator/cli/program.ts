import { endWhenNobodyReads } from "../../shared/program/closed-pipe.ts";
import { exitAfter } from "../../shared/program/exit-after.ts";
import { processOutput } from "../operator/output.ts";
import { runCommandLine } from "./command-line.ts";

/** Carries out what was typed; sets the exit code. */
export async function runNexus(): Promise<void> {
  endWhenNobodyReads();
  try {
    process.exitCode = await runCommandLine(process.argv.slice(2), processOutput);
  } catch (error) {
    process.exitCode = exitAfter(error, "nexus");
  }
}
