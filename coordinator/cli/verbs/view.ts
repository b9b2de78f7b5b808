import { count } from "./arguments.ts";
import { type AddVerbs, examples } from "./verb.ts";

export const addView: AddVerbs = (program, { does, reads }) => {
  const view = program.command("view").description("show a run, a console, reports, a spec or events");
  view
    .command("run")
    .description("show all that is known of a run: values, settings, attempts, files")
    .argument("<run>", "run662.7")
    .option("--json", "as one JSON object")
    .addHelpText("after", examples("nexus view run run662.7"))
    .action(reads(async () => (await import("../view/view-run.ts")).viewRun));
  view
    .command("console")
    .description("show what a run has printed")
    .argument("<run>", "run662.7")
    .option("--follow", "continue to show what the run prints, until it ends")
    .option("--last <n>", "start with the last n lines", count)
    .option("--json", "one JSON object for each line of the console")
    .addHelpText("after", examples("nexus view console run662.7 --follow --last 20"))
    .action(does(async () => (await import("../view/view-console.ts")).viewConsole));
  view
    .command("metrics")
    .description("show every report of the named runs")
    .argument("<runs...>", "job1, run662, run662.7, run662.*, run660-run684")
    .option("--last <n>", "only the last n reports of each run", count)
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus view metrics run662.7,run662.8 --last 3", "nexus view metrics job278 --json"))
    .action(reads(async () => (await import("../view/view-metrics.ts")).viewMetrics));
  view
    .command("spec")
    .description("show a job's spec as submitted, or a run's repro spec, which repeats it exactly")
    .argument("<job or run>", "job278 or run662.7")
    .option("--now", "a job's spec with what nexus edit has changed since")
    .option("--json", "as one JSON object")
    .addHelpText("after", examples("nexus view spec job278 --now", "nexus view spec run662.7 > repeat.yaml"))
    .action(reads(async () => (await import("../view/view-spec.ts")).viewSpec));
  view
    .command("events")
    .description("show what the journal says of a job, run or worker: attempts, losses, late results, and why")
    .argument("<job, run or worker>", "job278, run662.7 or lab-pc")
    .option("--last <n>", "only the last n (50)", count)
    .option("--all", "all of them")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus view events run662.7", "nexus view events lab-pc --all"))
    .action(reads(async () => (await import("../view/view-events.ts")).viewEvents));
};
