import assert from "node:assert/strict";
import { test } from "node:test";
import { tree } from "./source-tree.ts";

const mostCharacters = 100;

/** A title as it is written: what a template fills in counts as one character. */
const titled = /\b(?:describe|it|suite|test)(?:\.\w+)?\(\s*(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
const titles = tree
  .filter(({ file }) => file.startsWith("test/"))
  .flatMap(({ file, text }) =>
    [...text.matchAll(titled)].map(([, plain, template = ""]) => ({
      file,
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
