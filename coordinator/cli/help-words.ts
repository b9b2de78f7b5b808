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

function noCommand(path: readonly string[], names: readonly string[]): string {
  const nearest = nearestName(path.at(-1) ?? "", names);
  const hint =
    nearest === undefined
      ? `\n  there are: ${names.join(", ")}`
      : `; did you mean ${[...path.slice(0, -1), nearest].join(" ")}?`;
  return `there is no command "${path.join(" ")}"${hint}`;
}
