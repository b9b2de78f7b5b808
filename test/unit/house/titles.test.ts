import assert from "node:assert/strict";
import { test } from "node:test";
import { tree } from "./source-tree.ts";

const mostCharacters = 100;

/** A title as it is written in the source; what a template fills in counts as one character. */
const titled = /(?<!\.)\b(describe|it|suite|test)(?:\.\w+)?\(\s*(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
const titles = tree
  .filter(({ file }) => file.startsWith("test/"))
  .flatMap(({ file, text }) =>
    [...text.matchAll(titled)].map(([, call = "", plain, template = ""]) => ({
      file,
      call,
      title: plain ?? template.replaceAll(/\$\{[^}]*\}/g, "*"),
    })),
  );

test(`no title of a test has more than ${mostCharacters} characters`, () => {
  assert.ok(titles.length > 2500, `${titles.length} titles found`);
  assert.deepEqual(
    titles.filter(({ title }) => title.length > mostCharacters),
    [],
  );
});

/** No sentence with a subject of its own begins with one of these. A statement may well begin with "of" or "without". */
const leaning = new Set(
  [
    "is are was were has have had does do did can cannot may must would never and or but that also it its they their",
    "becomes comes finds gets gives goes holds keeps knows lets makes refuses says sees shows stays takes tells",
  ].flatMap((words) => words.split(" ")),
);

test("no title of a test leans on its describe for a subject", () => {
  const tests = titles.filter(({ call }) => call === "it" || call === "test");
  assert.deepEqual(
    tests.filter(({ title }) => leaning.has(/^[a-z]*/.exec(title)?.[0] ?? "")),
    [],
  );
});
