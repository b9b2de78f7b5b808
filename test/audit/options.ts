import { families } from "./families.ts";

export const help = `Usage: npm run audit -- [options]

Starts a workspace with a real broker, coordinator and worker, tries on it what an attacker would try, and looks whether any
of it did harm. Ends with 1 if one did, or could not be tried.

Options:
  --family <name>  only this family; may be given several times
  --act <words>    only acts whose role and title hold these words
  --list           print every act, and try none
  --json           one JSON object a line instead of tables
  -h, --help       print this help

Families: ${families.map(({ name }) => name).join(", ")}
`;

export interface Options {
  readonly names: readonly string[];
  readonly act: string;
  readonly isList: boolean;
  readonly isJson: boolean;
}

/** The options; undefined: help was requested. A string says what is wrong with the words. */
export function readOptions(args: readonly string[]): Options | string | undefined {
  const names: string[] = [];
  let act = "";
  let isList = false;
  let isJson = false;
  const words = args.flatMap((word) =>
    word.startsWith("--") && word.includes("=") ? word.split(/=(.*)/s, 2) : [word],
  );
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (word === "-h" || word === "--help") return undefined;
    if (word === "--list") isList = true;
    else if (word === "--json") isJson = true;
    else if (word === "--act") act = words[++i] ?? "";
    else if (word === "--family") {
      const name = words[++i] ?? "";
      if (!families.some((each) => each.name === name)) return `there is no family "${name}"`;
      names.push(name);
    } else return `unknown option "${word}"`;
  }
  return { names, act, isList, isJson };
}
