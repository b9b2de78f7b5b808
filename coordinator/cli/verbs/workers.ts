import type { Command } from "commander";
import type { ThrowOutOptions } from "../workers/throw-out.ts";
import { type AddVerbs, examples } from "./verb.ts";
import * as help from "./workers-help.ts";

/** Verbs that say who may join, and who may stay. */
export const addWorkers: AddVerbs = (program, { does }) => {
  program
    .command("invite")
    .description("print a line with which another machine may join as a worker")
    .option("--for <time>", "how long it holds, such as 1h or 7d (default: a day)")
    .option("--uses <n>", "how many machines may join with it, or any (default: 1)")
    .option("--target <a,b>", "its workers get only runs for these pools (compute_target), or for none")
    .option("--withdraw <id>", "withdraw an invitation instead")
    .option("--json", "one JSON object")
    .addHelpText("after", help.invite)
    .action(does(async () => (await import("../workers/invite.ts")).invite));
  const workers = program.command("workers").description("throw workers out, or forget those that will not come back");
  const throwsOut = (kind: "revoke" | "forget") =>
    does(async () => {
      const { throwOut } = await import("../workers/throw-out.ts");
      return (session, words: string[], options: ThrowOutOptions) => throwOut(session, kind, words, options);
    });
  const ofWorkers = (command: Command): Command =>
    command
      .argument("<workers...>", "names of workers, or patterns: lab-pc, lab-*")
      .option("--yes", "do not ask")
      .option("--json", "one JSON object a line");
  ofWorkers(workers.command("revoke").description("cut workers off at once; their keys open nothing any more"))
    .option("--reason <text>", "why, for the journal; the worker's owner reads it when it tries to join again")
    .addHelpText("after", help.revoke)
    .addHelpText("after", examples("nexus workers revoke lab-pc", "nexus workers revoke mal --reason 'not ours' --yes"))
    .action(throwsOut("revoke"));
  ofWorkers(workers.command("forget").description("remove workers that will not come back; their results stay"))
    .addHelpText("after", help.forget)
    .addHelpText("after", examples("nexus workers forget lab-pc"))
    .action(throwsOut("forget"));
  ofWorkers(
    program
      .command("purge")
      .description("delete what workers have stored that were benched or revoked")
      .command("worker")
      .description("delete the messages, states and files that workers have stored"),
  )
    .option("--all", "also the curves, consoles and files of runs whose results count")
    .addHelpText("after", help.purge)
    .addHelpText("after", examples("nexus purge worker mal", "nexus purge worker mal --all --yes"))
    .action(does(async () => (await import("../workers/purge-worker.ts")).purgeWorker));
  program
    .command("rotate")
    .description("make the workspace's own passwords, keys and join line anew")
    .option("--yes", "do not ask")
    .option("--json", "one JSON object")
    .addHelpText("after", help.rotate)
    .addHelpText("after", examples("nexus rotate", "nexus rotate --yes"))
    .action(does(async () => (await import("../workers/rotate.ts")).rotate));
};
