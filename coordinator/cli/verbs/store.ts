import { InvalidArgumentError } from "commander";
import type { BackupOptions } from "../store/backup.ts";
import type { RepairOptions } from "../store/repair.ts";
import type { RestoreOptions } from "../store/restore.ts";
import * as help from "./help.ts";
import type { AddVerbs } from "./verb.ts";

/** What is done with a workspace's store as a whole. */
export const addStore: AddVerbs = (program, { globals, output, exit }) => {
  program
    .command("backup")
    .argument("<file>", "a new file; it holds the workspace's passwords")
    .description("save the workspace in one file while it works")
    .option("--verify", "restore it into a scratch store as well, and fold it there")
    .option("--json", "one JSON object")
    .addHelpText("after", help.backup)
    .action(async (file: string, options: BackupOptions) => {
      await (await import("../store/backup.ts")).backUp(globals(), file, options, output);
    });
  program
    .command("restore")
    .argument("<file>", "as nexus backup wrote it")
    .description("make the workspace from a backup, sequences and all")
    .option("--replace", "end its coordinator and set aside what it holds now")
    .option("--replicas <n>", "copies of each stream, with --nats", replicas)
    .option("--json", "one JSON object")
    .addHelpText("after", help.restore)
    .action(async (file: string, options: RestoreOptions) => {
      await (await import("../store/restore.ts")).restore(globals(), file, options, output);
    });
  program
    .command("repair")
    .description("say what is damaged in the workspace's store, and go on with what is left if told to")
    .option("--accept-loss", "make a store of what is left, and keep the damaged one in a folder")
    .option("--json", "one JSON object")
    .addHelpText("after", help.repair)
    .action(async (options: RepairOptions) => {
      exit(await (await import("../store/repair.ts")).repair(globals(), options, output));
    });
};

function replicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected 1, 3 or 5.");
}
