import { InvalidArgumentError } from "commander";
import type { AddVerbs } from "./verb.ts";

export const addPeers: AddVerbs = (program, { globals, output }) => {
  program
    .command("backup <file>")
    .description("save the workspace in one file while it works; it holds the workspace's passwords")
    .option("--verify", "restore it into a scratch store as well, and fold it there")
    .action(async (file: string, options: { verify?: boolean }) => {
      await (await import("../backup.ts")).backUp(globals(), file, options, output);
    });
  program
    .command("restore <file>")
    .description("make the workspace from a backup, sequences and all")
    .option("--replace", "end its coordinator and set aside what it holds now")
    .option("--replicas <n>", "copies of each stream, with --nats", replicas)
    .action(async (file: string, options: { replace?: boolean; replicas?: number }) => {
      await (await import("../restore.ts")).restore(globals(), file, options, output);
    });
};

function replicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected 1, 3 or 5.");
}
