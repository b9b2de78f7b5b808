import { UsageError } from "../../../shared/errors.ts";

/** The words after `nexus run`, without the command's own options. */
export interface SpecArguments {
  readonly file: string;
  /** `--name value` -> what takes the place of `<name>` in the spec. */
  readonly commandLine: Readonly<Record<string, string>>;
}

/** @throws UsageError unless there is one file and every name has a value */
export function parseSpecArguments(words: readonly string[], verb = "run"): SpecArguments {
  const files: string[] = [];
  const commandLine = new Map<string, string>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (word === "--") continue;
    if (!word.startsWith("--")) {
      if (word.startsWith("-"))
        throw new UsageError(
          `unknown option ${word}; to replace <${word.slice(1)}> in the spec: --${word.slice(1)} VALUE`,
        );
      files.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
      throw new UsageError(`${word}: expected --name value, where <name> occurs in the spec`);
    }
    if (equals >= 0) {
      commandLine.set(name, word.slice(equals + 1));
    } else {
      i += 1;
      const value = words[i];
      if (value === undefined)
        throw new UsageError(`--${name} has no value; expected --${name} VALUE, to replace <${name}> in the spec`);
      commandLine.set(name, value);
    }
  }
  const [file, second] = files;
  if (file === undefined)
    throw new UsageError(`no spec is named; expected: nexus ${verb} spec.yaml [--name value ...]`);
  if (second !== undefined) throw new UsageError(`one spec at a time: found ${file} and ${second}`);
  return { file, commandLine: Object.fromEntries(commandLine) };
}
