import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCommandLine } from "../../../../coordinator/cli/command-line.ts";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";

/** Whatever a message, a help text or a page tells people to type must be there to be typed. */
interface Typed {
  readonly where: string;
  readonly program: string;
  /** `list runs`; "" for a program without verbs. */
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .map((name) => join(folder, name));

const sources = ["coordinator", "shared", "worker"].flatMap((folder) => filesIn(folder, ".ts"));
const pages = ["README.md", "CONTRIBUTING.md", ...filesIn("docs", ".md"), ...filesIn("worker", ".md")];

/** The strings of a source, without comments and without what `${}` puts in. */
function stringsOf(source: string): string {
  const text = source
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/(^|\s)\/\/.*$/gm, "$1")
    // Names of connections, for the broker's list.
    .replace(/\bname: "[^"]*"/g, "");
  let bare = text;
  for (let before = ""; before !== bare; ) {
    before = bare;
    bare = bare.replace(/\$\{[^{}]*\}/g, "");
  }
  return [...bare.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)].map(([string]) => string).join("\n");
}

function typedIn(where: string, text: string): Typed[] {
  // "Use nexus commands to access results." is the original's own sentence.
  return [...text.matchAll(/(?<!Use )\b(nexus(?:-coord|-worker)?) ([^\n"`|;]*)/g)].map(
    ([, program = "", rest = ""]) => {
      // A sentence may name one command after the other.
      const [line = ""] = rest.split(/\bnexus\b|\\n|[,()]| {2,}|: |\. |&&/);
      const parts = line.trim().split(/\s+/);
      const flags = parts.filter((part) => /^--[a-z]/.test(part)).map((part) => part.replace(/[^\w-].*$/, ""));
      const isValue = (i: number): boolean => /^--(workspace|nats|creds|color)$/.test(parts[i - 1] ?? "");
      const words = parts.filter((part, i) => !part.startsWith("--") && !isValue(i)).slice(0, 2);
      return { where, program, words, flags };
    },
  );
}

const typed = [
  ...sources.flatMap((file) => typedIn(file, stringsOf(readFileSync(join(packageRoot(), file), "utf8")))),
  ...pages.flatMap((file) => typedIn(file, readFileSync(join(packageRoot(), file), "utf8"))),
];

/** Verbs that take any option, because further ones are for the spec. */
const takesAnyOption = new Set(["run"]);

const helps = new Map<string, Promise<string>>();
function helpOf(words: readonly string[]): Promise<string> {
  const key = words.join(" ");
  let help = helps.get(key);
  if (!help) {
    let text = "";
    const take = (part: string): void => {
      text += part;
    };
    help = runCommandLine([...words, "--help"], { result: take, note: take }).then(() => text);
    helps.set(key, help);
  }
  return help;
}

const isWord = (word: string | undefined): word is string => word !== undefined && /^[a-z]+$/.test(word);

test("every nexus command that a text names exists, with its options", async () => {
  const wrong: string[] = [];
  const general = await helpOf([]);
  let checked = 0;
  for (const { where, program, words, flags } of typed) {
    if (program !== "nexus") continue;
    const [verb = "", second] = words;
    // `nexus|nexus-coord`, and a verb that stands for any
    if (verb !== "" && !/^[a-z]+[.:]?$/.test(verb)) continue;
    const name = verb.replace(/[.:]$/, "");
    let help = name === "" ? general : await helpOf([name]);
    if (name !== "" && !help.startsWith(`Usage: nexus ${name}`)) {
      wrong.push(`${where}: there is no nexus ${name}`);
      continue;
    }
    checked += 1;
    if (isWord(second) && /\[command\]/.test(help) && second !== "command") {
      const under = await helpOf([name, second]);
      if (!under.startsWith(`Usage: nexus ${name} ${second}`))
        wrong.push(`${where}: there is no nexus ${name} ${second}`);
      help = under;
    }
    for (const flag of takesAnyOption.has(name) ? [] : flags)
      if (!`${help}${general}`.includes(flag)) wrong.push(`${where}: nexus ${name} has no ${flag}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(checked > 100, `only ${checked} were found: the pattern finds them no more`);
});

for (const [program, file] of [
  ["nexus-coord", "dist/coordinator/main.js"],
  ["nexus-worker", "dist/worker/main.js"],
] as const) {
  test(`every option of ${program} that a text names exists`, () => {
    const helpOfVerb = (...words: readonly string[]): string =>
      spawnSync(process.execPath, [join(packageRoot(), file), ...words, "--help"], { encoding: "utf8" }).stdout;
    const general = helpOfVerb();
    const ofVerbs = new Map<string, string>();
    /** A verb has options of its own besides the general ones. */
    const helpFor = ([verb = ""]: readonly string[]): string => {
      if (!/^[a-z]+(-[a-z]+)?$/.test(verb)) return general;
      const known = ofVerbs.get(verb) ?? helpOfVerb(verb);
      ofVerbs.set(verb, known);
      return known.startsWith(`Usage: ${program} ${verb}`) ? `${known}${general}` : general;
    };
    const named = typed.filter((each) => each.program === program && each.flags.length > 0);
    assert.ok(named.length > 5, "the pattern finds them no more");
    const wrong = named.flatMap(({ where, words, flags }) =>
      flags
        .filter((flag) => !new RegExp(`${flag}\\b`).test(helpFor(words)))
        .map((flag) => `${where}: ${program} has no ${flag}`),
    );
    assert.deepEqual(wrong, []);
  });
}
