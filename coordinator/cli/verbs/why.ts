import type { Command } from "commander";
import type { Kind, WhyOptions } from "../why/why.ts";
import { type AddVerbs, examples } from "./verb.ts";

const aboutWhy = `
One line each: the name, its state and for how long, the reason, and what would change it: a command to type, what happens by
itself, or "nothing". Without names it lists everything that is not running now. What needs a person comes first, what resolves
itself comes last. Without a coordinator only the journal answers; it knows neither who is connected nor what machines' owners allow.`;

/** Why a worker, a run or a job is as it is. */
export const addWhy: AddVerbs = (program, { does }) => {
  const says = (kind: Kind) =>
    does(async () => {
      const { why } = await import("../why/why.ts");
      // Its own options, and those before the word that says the kind.
      return (session, words: string[], _: WhyOptions, command: Command) =>
        why(session, kind, words, command.optsWithGlobals<WhyOptions>());
    });
  const asking = (command: Command, names: string, kind: Kind): Command =>
    command.argument("[names...]", names).option("--json", "one JSON object a line").action(says(kind));
  const why = asking(
    program.command("why").description("say why workers, runs and jobs do what they do, and what would change it"),
    "job3, run1.7, lab-pc, lab-*; default: everything that does not run now",
    undefined,
  )
    // Options behind the word that says the kind are that command's own.
    .enablePositionalOptions()
    .option("--all", "if nothing is named: all runs that do not run")
    .addHelpText("after", aboutWhy)
    .addHelpText(
      "after",
      examples("nexus why", "nexus why job3", "nexus why worker lab-pc", "nexus why run run1.7 --json"),
    );
  asking(
    why.command("worker").description("why workers run what they run, idle, or are not there"),
    "names of workers, or patterns: lab-pc, lab-*; default: all",
    "worker",
  ).addHelpText("after", examples("nexus why worker lab-pc"));
  asking(
    why.command("run").description("why runs run, stand still, wait or have ended"),
    "job1, run662 (and its children), run662.7, run662.*; default: all that are open",
    "run",
  ).addHelpText("after", examples("nexus why run run662.7"));
  asking(
    why.command("job").description("why jobs run, wait, stand or have ended"),
    "job1, job1-job3, job*; default: all that are open",
    "job",
  ).addHelpText("after", examples("nexus why job job278"));
};
