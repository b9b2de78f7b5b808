import { type Command, Help, type Option } from "commander";
import { helpOutput } from "./help-lines.ts";

/** Arguments of commander's `version`. */
export const versionWords = (version: string) => [version, "-V, --version", "print the version"] as const;

/** Settings that all programs share: the texts of help, no defaults for flags, and errors that are thrown. */
export function usual(command: Command): Command {
  return command
    .helpOption("-h, --help", "print this help")
    .configureHelp({ optionDescription })
    .configureOutput(helpOutput)
    .exitOverride();
}

/** Adds a line on where the help is to commander's error about wrong usage. */
export const tellsWhereHelpIs = (command: Command): Command =>
  command.showHelpAfterError(`  to see what it takes: ${command.name()} --help`);

/** Lists in a command's help the named options of its program. */
export function withOptionsOfProgram(command: Command, ...names: readonly string[]): Command {
  return command.configureHelp({
    ...command.configureHelp(),
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => parent?.options.filter(({ long }) => names.includes(long ?? "")) ?? [],
  });
}

/** Leaves out defaults that go without saying: a flag is off, and a list is empty, unless it is typed. */
function optionDescription(option: Option): string {
  const { defaultValue } = option;
  const isPlain = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
  const shown = isPlain ? (Object.create(option, { defaultValue: { value: undefined } }) as Option) : option;
  return new Help().optionDescription(shown);
}
