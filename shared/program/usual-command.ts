import { type Command, Help, type Option } from "commander";
import { helpOutput } from "./help-lines.ts";

/** What a program says of its version. */
export const versionWords = (version: string) => [version, "-V, --version", "print the version"] as const;

/** What all programs have in common: the words for help, no defaults of flags, and errors that are thrown. */
export function usual(command: Command): Command {
  return command
    .helpOption("-h, --help", "print this help")
    .configureHelp({ optionDescription })
    .configureOutput(helpOutput)
    .exitOverride();
}

/** Says below commander's sentence about wrong words where the help is. */
export const tellsWhereHelpIs = (command: Command): Command =>
  command.showHelpAfterError(`  to see what it takes: ${command.name()} --help`);

/** Lists in a command's help those options of its program that it reads. */
export function withOptionsOfProgram(command: Command, ...names: readonly string[]): Command {
  return command.configureHelp({
    ...command.configureHelp(),
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => parent?.options.filter(({ long }) => names.includes(long ?? "")) ?? [],
  });
}

/** That a flag is off, or a list empty, unless it is typed goes without saying. */
function optionDescription(option: Option): string {
  const { defaultValue } = option;
  const isPlain = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
  const shown = isPlain ? (Object.create(option, { defaultValue: { value: undefined } }) as Option) : option;
  return new Help().optionDescription(shown);
}
