import { InvalidArgumentError } from "commander";
import * as help from "./help.ts";
import { type AddVerbs, examples } from "./verb.ts";

/** What is done with a workspace's store as a whole. */
export const addStore: AddVerbs = (program, { does }) => {
  program
    .command("backup")
    .argument("<file>", "a new file; it will contain the workspace's passwords")
    .description("save the workspace to one file, while searches run")
    .option("--verify", "also restore it into a scratch store, and replay its journal there")
    .option("--json", "one JSON object")
    .addHelpText("after", help.backup)
    .action(does(async () => (await import("../store/backup.ts")).backUp));
  program
    .command("restore")
    .argument("<file>", "a file that nexus backup wrote")
    .description("restore the workspace from a backup")
    .option("--replace", "stop its coordinator and set its present store aside")
    .option("--replicas <n>", "copies of each stream; only with --nats", replicas)
    .option("--json", "one JSON object")
    .addHelpText("after", help.restore)
    .action(does(async () => (await import("../store/restore.ts")).restore));
  program
    .command("repair")
    .description("report damage to the workspace's store; on request, continue with what is left")
    .option("--accept-loss", "build a store from what is left, and keep the damaged one in a folder")
    .option("--accept-journal", "believe all that the journal holds now, whoever wrote it (docs/trust.md)")
    .option("--json", "one JSON object")
    .addHelpText("after", help.repair)
    .action(does(async () => (await import("../store/repair.ts")).repair));
  program
    .command("verify [job]")
    .description("check that nothing stored was lost or counted twice")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      `
Reads the whole journal and all evidence, also while a search runs, and checks that each run ended at most once, that no run
started beyond total_runs, that every completion rests on a reported result, that no curve has a gap, and that the replayed
journal agrees with its records. Without a job: the whole workspace. If a check fails, prints what is wrong; exit code 1.`,
    )
    .addHelpText("after", examples("nexus verify job1", "nexus --workspace ws2 verify --json"))
    .action(does(async () => (await import("../store/verify.ts")).verify));
};

function replicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected 1, 3 or 5.");
}
