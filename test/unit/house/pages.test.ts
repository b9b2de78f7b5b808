import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { screenNames } from "../../../coordinator/tui/keys.ts";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

const root = packageRoot();
const under = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => posix.join(folder, name));
const pages = [...readdirSync(root), ...under("docs"), ...under("test/fixtures")].filter((name) =>
  name.endsWith(".md"),
);
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");
const linesOf = (page: string): string[] => textOf(page).trimEnd().split("\n");
/** Files that a page tells people to write. */
const toBeWritten = /\/(My_Proc|mine\.ts$)/;

test("every file of ours that a page names by its path is there", () => {
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/`((?:coordinator|shared|specs|test|worker)\/[\w./-]+\.\w+)`/g)].map(([, path = ""]) => ({
      page,
      path,
    })),
  );
  assert.ok(named.length > 30, `${named.length} paths found`);
  assert.deepEqual(
    named.filter(({ path }) => !toBeWritten.test(path) && !existsSync(join(root, path))),
    [],
  );
});

const programs = ["coordinator", "shared", "worker", "test"];
const sources = programs.flatMap((folder) => [folder, ...under(folder)]);
/** In a worker's own folder, not in the source. */
const ofWorkers = "states/";

test("every shortened path in ARCHITECTURE ends the path of a file or folder of ours", () => {
  const named = [...textOf("ARCHITECTURE.md").matchAll(/`([\w-]+(?:\/[\w-]+)*(?:\/|\.ts))`/g)].map(
    ([, path = ""]) => path,
  );
  assert.ok(named.length > 40, `${named.length} paths found`);
  assert.deepEqual(
    named.filter(
      (path) => path !== ofWorkers && !sources.some((source) => `/${source}`.endsWith(`/${path.replace(/\/$/, "")}`)),
    ),
    [],
  );
});

test("every function that ARCHITECTURE's routes pass is defined in the place that they name", () => {
  const [, routes = ""] = /\n## Three routes\n(.*?)\n## /s.exec(textOf("ARCHITECTURE.md")) ?? [];
  const texts = sources
    .filter((file) => file.endsWith(".ts") && !file.startsWith("test/"))
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
  const steps = [...routes.matchAll(/`(?:(\w+)[.#])?(#?\w+)`(?:\s\(([\w/-]+)[);])?/g)];
  assert.ok(steps.length > 50, `${steps.length} functions found`);
  const isDefined = (owner: string, name: string, place: string): boolean => {
    const bare = name.replace("#", "");
    const definition = new RegExp(
      `(?:function\\*?|class|const|type) ${bare}\\b|^ {2}(?:static |override |async |\\*)*#?${bare}(?:<.*>)?(?:\\([^;]*$|: \\()`,
      "m",
    );
    return texts.some(
      ({ file, text }) =>
        (place === "" || `/${file}`.includes(`/${place}/`) || file.endsWith(`/${place}.ts`)) &&
        (owner === "" || new RegExp(`\\b(?:class|interface|const) ${owner}\\b`).test(text)) &&
        definition.test(text),
    );
  };
  assert.deepEqual(
    steps.filter(([, owner = "", name = "", place = ""]) => !isDefined(owner, name, place)).map(([step]) => step),
    [],
  );
});

test("the bar below every screen of docs/screens.md names the screens that there are", () => {
  const bars = linesOf("docs/screens.md").filter((line) => line.startsWith(` 0 ${screenNames[0]} `));
  assert.ok(bars.length > 5, `${bars.length} bars found`);
  const today = ` ${screenNames.map((name, i) => `${i} ${name}`).join(" ")}  `;
  assert.deepEqual(
    bars.filter((bar) => !bar.startsWith(today)),
    [],
  );
});

test("no page has a space before a percent sign", () => {
  assert.deepEqual(
    pages.flatMap((page) =>
      page.startsWith("test/fixtures/") ? [] : linesOf(page).filter((line) => /\d %(?! \d)/.test(line)),
    ),
    [],
  );
});

test("no cell of a table in a page is a row of dashes, besides those below its heading", () => {
  const rows = pages.flatMap((page) => linesOf(page).filter((line) => /^\|.*\| -{3,} \|/.test(line)));
  assert.ok(rows.length > 50, `${rows.length} rows found`);
  assert.deepEqual(
    rows.filter((row) => !/^\|( :?-+:? \|)+$/.test(row)),
    [],
  );
});

test("no page writes an escaped character with two backslashes", () => {
  assert.deepEqual(
    pages.flatMap((page) => linesOf(page).filter((line) => /\\\\u[0-9a-f]{4}/.test(line))),
    [],
  );
});

test("README and ARCHITECTURE have less than 200 lines", () => {
  for (const page of ["README.md", "ARCHITECTURE.md"]) {
    const lines = linesOf(page).length;
    assert.ok(lines < 200, `${page}: ${lines} lines`);
  }
});

test("no line of ARCHITECTURE has more than 120 columns", () => {
  assert.deepEqual(
    linesOf("ARCHITECTURE.md").filter((line) => line.length > 120),
    [],
  );
});
