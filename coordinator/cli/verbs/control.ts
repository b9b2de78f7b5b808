import type { Command } from "commander";
import type { ControlVerb } from "../../../shared/wire/messages.ts";
import type { ControlOptions } from "../control/control.ts";
import type { JudgeOptions } from "../control/judge-results.ts";
import { collect } from "./arguments.ts";
import * as help from "./control-help.ts";
import { type AddVerbs, examples } from "./verb.ts";

const verbs: readonly {
  readonly verb: ControlVerb;
  readonly about: string;
  readonly help: string;
  readonly like: readonly string[];
}[] = [
  {
    verb: "pause",
    about: "start no more runs of jobs, freeze runs, or give workers no more runs",
    help: help.pause,
    like: ["nexus pause job3", "nexus pause run662.7"],
  },
  { verb: "resume", about: "undo a pause, drain or stop", help: help.resume, like: ["nexus resume job3"] },
  {
    verb: "drain",
    about: "let jobs or workers finish the runs they have begun, and start none",
    help: help.drain,
    like: ["nexus drain lab-pc"],
  },
  {
    verb: "stop",
    about: "end jobs once their runs have ended, end runs as pruned, have workers hand runs back",
    help: help.stop,
    like: ["nexus stop job3 --yes"],
  },
  {
    verb: "cancel",
    about: "end jobs or runs now without results, or take all runs from workers",
    help: help.cancel,
    like: ["nexus cancel job3 --yes", "nexus cancel run662.7"],
  },
];

/** Verbs that act on jobs, runs and workers as they run. */
export const addControl: AddVerbs = (program, { does }) => {
  const judges = (kind: "bench" | "admit") =>
    does(async () => {
      const { judgeWorkers } = await import("../control/control.ts");
      return (session, words: string[], options: ControlOptions) => judgeWorkers(session, kind, words, options);
    });
  for (const { verb, about, help: more, like } of verbs) {
    asking(program.command(verb).description(about))
      .argument("<targets...>", "job1, job1-job3, run662.7, run662.*, a worker's name, lab-*; commas or spaces")
      .addHelpText("after", more)
      .addHelpText("after", examples(...like))
      .action(
        does(async () => {
          const { controlTargets } = await import("../control/control.ts");
          return (session, words: string[], options: ControlOptions) => controlTargets(session, verb, words, options);
        }),
      );
  }
  asking(program.command("bench").description("give no runs to workers that fail, until they are admitted"))
    .argument("<workers...>", "names of workers, or patterns: lab-pc, lab-*")
    .addHelpText("after", help.bench)
    .addHelpText("after", examples("nexus bench lab-pc"))
    .action(judges("bench"));
  program
    .command("admit")
    .description("give runs again to workers that were benched")
    .argument("<workers...>", "names of workers, or patterns: lab-pc, lab-*")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus admit lab-pc"))
    .action(judges("admit"));
  const judgesResults = (kind: "reject" | "accept") =>
    does(async () => {
      const { judgeResults } = await import("../control/judge-results.ts");
      return (session, words: string[], options: JudgeOptions) => judgeResults(session, kind, words, options);
    });
  const ofResults = (command: Command): Command =>
    asking(command)
      .argument("[runs...]", "run662.7, run662.*, run662.1-run662.6, job1; commas or spaces")
      .option("--worker <name>", "all results that this worker has sent: a name, or a pattern such as lab-*")
      .option("--job <job>", "with --worker: only those of this job")
      .option("--reason <text>", "why, for the journal and for those who look at the run");
  ofResults(program.command("reject").description("take results out of every estimate"))
    .addHelpText("after", help.reject)
    .addHelpText("after", examples("nexus reject run662.7", "nexus reject --worker lab-pc --reason 'broken GPU' --yes"))
    .action(judgesResults("reject"));
  ofResults(program.command("accept").description("count results again that were rejected"))
    .addHelpText("after", examples("nexus accept run662.7", "nexus accept --worker lab-pc"))
    .action(judgesResults("accept"));
  asking(program.command("edit").description("change a search while it runs, or go on with one that has ended"))
    .argument("<jobs...>", "job1, job1-job3")
    .option("--total-runs <n>", "the number of runs after which the job ends")
    .option("--compute-nodes <n>", "the most workers at once, or all")
    .option("--runs-per-node <n>", "the most runs at once on each worker, or all: one per slot")
    .option("--priority <number>", "weight of the job's share of the slots")
    .option("--retries <n>", "how often a run is started again after its machine was lost")
    .option("--checkpoint-limit <size>", 'what a checkpoint may have, such as "2 GB"')
    .option("--grace <time>", "what a run has to save itself when it must leave, or none: what the worker gives")
    .option("--max-run-time <time>", 'time limit of each run, such as "2h" or "90 s", or none')
    .option("--max-job-time <time>", "time limit of the search, from its submission, or none")
    .option("--deadline <when>", 'when the search ends: 2026-12-01T18:00Z, "2026-12-01 18:00", 18:00, +8h, or none')
    .option("--stop-when <rule>", 'when to stop early, such as "hpmax >= 0.05" or "loss <= 0.2", or none')
    .option("--max-failures-in-a-row <n>", "failed runs in a row after which the job pauses, or never")
    .option("--max-failures-at-start <n>", "the same while no run of the job has completed, or never")
    .option("--add-value <name=value>", "add a value to a hyperparameter, such as lr=0.01; may be repeated", collect)
    .option("--add-range <name=from..to>", "widen a range or make a list one, such as lr=1e-6..0.1:log", collect)
    .addHelpText("after", help.edit)
    .action(does(async () => (await import("../control/edit.ts")).editJobs));
  asking(program.command("delete").description("delete jobs that are over, with all that their runs have stored"))
    .argument("<jobs...>", "job1, job1-job3, job*")
    .addHelpText("after", help.deletion)
    .addHelpText("after", examples("nexus delete job1", "nexus delete job2-job5 --yes"))
    .action(does(async () => (await import("../control/delete-jobs.ts")).deleteJobs));
  program
    .command("release <job>")
    .description("end a job that holds its nodes (hold: true), and let its run folders go")
    .option("--json", "one JSON object")
    .addHelpText("after", examples("nexus release job1"))
    .action(does(async () => (await import("../control/release.ts")).releaseJob));
};

const asking = (command: Command): Command =>
  command.option("--yes", "do not ask").option("--json", "one JSON object a line");
