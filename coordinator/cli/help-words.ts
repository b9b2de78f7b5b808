import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import type { CommandShape } from "./option-prefixes.ts";

/**
 * Checks the words after `help`: for an unknown command, commander prints the help of `nexus` itself.
 *
 * @param words  with full option names
 * @throws UsageError that names the nearest command
 */
export function checkHelpWords(words: readonly string[], root: CommandShape): void {
  let command = root;
  const path: string[] = [];
  let isHelp = false;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (word.startsWith("-")) {
      if (command.options.some(({ long, takesValue }) => long === word && takesValue)) i += 1;
      continue;
    }
    const names = Object.keys(command.subcommands);
    if (word === "help" && names.length > 0) {
      isHelp = true;
      continue;
    }
    const next = Object.hasOwn(command.subcommands, word) ? command.subcommands[word] : undefined;
    if (!next) {
      if (isHelp && names.length > 0) throw new UsageError(noCommand([...path, word], names));
      return;
    }
    path.push(word);
    command = next;
  }
}

/** Commands of other tools, and what they are here. */
const elsewhere: Readonly<Record<string, string>> = {
  ls: "nexus list runs",
  ps: "nexus list runs",
  jobs: "nexus list jobs",
  runs: "nexus list runs",
  workers: "nexus list workers",
  status: "nexus why, or nexus list jobs",
  top: "nexus-coord watch",
  watch: "nexus-coord watch",
  submit: "nexus run",
  start: "nexus run, or for the coordinator: nexus-coord",
  logs: "nexus view console",
  log: "nexus view console",
  show: "nexus view",
  describe: "nexus view run",
  kill: "nexus cancel",
  abort: "nexus cancel",
  best: "nexus eval",
  rm: "nexus delete",
};

/**
 * What to type instead of words that commander refused; printed below its sentence.
 *
 * @param code  commander's error code
 */
export function whereHelpIs(code: string, words: readonly string[], root: CommandShape): string {
  let command = root;
  const path = ["nexus"];
  for (const word of words) {
    const next = Object.hasOwn(command.subcommands, word) ? command.subcommands[word] : undefined;
    if (next) {
      path.push(word);
      command = next;
      continue;
    }
    const known = path.length === 1 && Object.hasOwn(elsewhere, word) ? elsewhere[word] : undefined;
    if (code === "commander.unknownCommand" && known !== undefined) return `  here that is: ${known}\n`;
    if (!word.startsWith("-")) break;
  }
  const what = code === "commander.unknownCommand" ? "the commands" : "what it takes";
  return `  to see ${what}: ${path.join(" ")} --help\n`;
}

function noCommand(path: readonly string[], names: readonly string[]): string {
  const nearest = nearestName(path.at(-1) ?? "", names);
  const hint =
    nearest === undefined
      ? `\n  there are: ${names.join(", ")}`
      : `; did you mean ${[...path.slice(0, -1), nearest].join(" ")}?`;
  return `there is no command "${path.join(" ")}"${hint}`;
}
