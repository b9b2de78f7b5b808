import { InvalidArgumentError } from "commander";
import * as help from "./help.ts";
import type { AddVerbs } from "./verb.ts";

/** What is done with a workspace's store as a whole. */
export const addStore: AddVerbs = (program, { does }) => {
  program
    .command("backup")
    .argument("<file>", "a new file; it holds the workspace's passwords")
    .description("save the workspace in one file while it works")
    .option("--verify", "restore it into a scratch store as well, and fold it there")
    .option("--json", "one JSON object")
    .addHelpText("after", help.backup)
    .action(does(async () => (await import("../store/backup.ts")).backUp));
  program
    .command("restore")
    .argument("<file>", "as nexus backup wrote it")
    .description("make the workspace from a backup, sequences and all")
    .option("--replace", "end its coordinator and set aside what it holds now")
    .option("--replicas <n>", "copies of each stream, with --nats", replicas)
    .option("--json", "one JSON object")
    .addHelpText("after", help.restore)
    .action(does(async () => (await import("../store/restore.ts")).restore));
  program
    .command("repair")
    .description("say what is damaged in the workspace's store, and go on with what is left if told to")
    .option("--accept-loss", "make a store of what is left, and keep the damaged one in a folder")
    .option("--json", "one JSON object")
    .addHelpText("after", help.repair)
    .action(does(async () => (await import("../store/repair.ts")).repair));
  program
    .command("verify [job]")
    .description("hold what is stored against the promises: nothing lost, nothing counted twice")
    .option("--json", "one JSON object", false)
    .addHelpText(
      "after",
      `
Reads the whole journal and the evidence, also while a search goes on, and checks that each run ended at most once, that
nothing started beyond total_runs, that every completion rests on a result that was told, that no curve has a gap, and that
the journal folds to what its records say. With no job: the whole workspace. Exit code 1, and what is wrong, where it is not so.

Examples:
  nexus verify job1
  nexus --workspace ws2 verify --json`,
    )
    .action(does(async () => (await import("../store/verify.ts")).verify));
};

function replicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected 1, 3 or 5.");
}
