/**
 * `nexus`: parses a command line and runs the verb that it names.
 *
 * The verbs are in `verbs/`, one file for each family; only those files and this one import commander. Each verb names a
 * function in a folder of its family (`list/`, `view/`, ...), which is loaded on use. It gets a `Session`, or a `Reader` with
 * the folded journal (operator/session.ts), then its words and options; it prints to `output` and may return an exit code.
 */

import { Command, CommanderError, Option } from "commander";
import { programVersion } from "../../shared/components/version.ts";
import { exitCode } from "../../shared/errors.ts";
import { helpLines } from "../../shared/program/help-lines.ts";
import { usual, versionWords } from "../../shared/program/usual-command.ts";
import { type Output, withEscapedJson } from "../operator/output.ts";
import type { GlobalOptions } from "../operator/scope.ts";
import { checkHelpWords, whereHelpIs } from "./help-words.ts";
import { type CommandShape, withFullOptions } from "./option-prefixes.ts";
import { addControl } from "./verbs/control.ts";
import { addEvaluate } from "./verbs/evaluate.ts";
import * as help from "./verbs/help.ts";
import { addList } from "./verbs/list.ts";
import { addMcp } from "./verbs/mcp.ts";
import { addPeers } from "./verbs/peers.ts";
import { addPlot, type PlotRegistry } from "./verbs/plot.ts";
import { addRun } from "./verbs/run.ts";
import { addStore } from "./verbs/store.ts";
import { addTransfer } from "./verbs/transfer.ts";
import { verbPorts } from "./verbs/verb.ts";
import { addView } from "./verbs/view.ts";
import { addWhy } from "./verbs/why.ts";
import { addWorkers } from "./verbs/workers.ts";

/** Carries out the words after `nexus`; returns the exit code. */
export async function runCommandLine(words: readonly string[], output: Output): Promise<number> {
  let exit: number = exitCode.done;
  // Other verbs start 10 ms sooner without the kinds of plots.
  const plots = words.includes("plot") ? await import("../plots/registry.ts") : undefined;
  const setExit = (code: number): void => {
    exit = code;
  };
  let isJson = false;
  const program = commandTree(
    withEscapedJson(output, () => isJson),
    setExit,
    plots,
  );
  try {
    const shape = shapeOf(program);
    const full = withFullOptions(words, shape);
    checkHelpWords(full, shape);
    isJson = full.includes("--json");
    await program.parseAsync(full, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end here too, with 0. Commander's 1 means wrong usage, which it has explained.
    if (error.exitCode === 0) return exitCode.done;
    // Without any word, commander has printed the help already.
    if (error.code !== "commander.help") output.note(whereHelpIs(error.code, words, shapeOf(program)));
    return exitCode.usage;
  }
  return exit;
}

/** All verbs with their options; those of `plot` only if `plots` is given. */
export function commandTree(output: Output, setExit: (code: number) => void, plots?: PlotRegistry): Command {
  const program = usual(new Command("nexus"))
    .description(help.description)
    .version(...versionWords(programVersion()))
    .helpCommand("help [command]", "print a command's help")
    .option("--workspace <name>", "the workspace (default: ws1, or NEXUS_WORKSPACE)")
    .option("--nats <url>", "a broker that exists already, instead of this machine's own (or NEXUS_SERVERS)")
    .option("--tls-ca <file>", "the authority that signed its certificate, PEM (or NEXUS_TLS_CA)")
    .option("--creds <file>", "its credentials: a .creds file, or JSON with user and password (or NEXUS_CREDS)")
    .addOption(new Option("--color <when>", "colours; only plots have any").choices(["auto", "always", "never"]))
    .addHelpText("after", help.more)
    .configureOutput({ writeOut: (text) => output.result(helpLines(text, output.width)), writeErr: output.note });
  const ports = verbPorts(output, () => program.opts<GlobalOptions>(), setExit);
  for (const add of [
    addRun,
    addList,
    addView,
    addWhy,
    addTransfer,
    addMcp,
    addEvaluate,
    addPlot(plots),
    addControl,
    addWorkers,
    addStore,
    addPeers,
  ])
    add(program, ports);
  return program;
}

/** Verbs that take any option, since it may be a name in their spec; `nexus view run` and `nexus why run` are none of them. */
const specVerbs: ReadonlySet<string> = new Set(["check", "run"]);

/** What may be typed after a command. */
export function shapeOf(command: Command): CommandShape {
  const isVerb = command.parent !== null && command.parent.parent === null;
  return {
    options: command.options
      .flatMap(({ long, required, optional }) => (long ? [{ long, takesValue: required || optional }] : []))
      .concat({ long: "--help", takesValue: false }),
    subcommands: Object.fromEntries(command.commands.map((each) => [each.name(), shapeOf(each)])),
    takesAnyOption: isVerb && specVerbs.has(command.name()),
  };
}
