import assert from "node:assert/strict";
import { test } from "node:test";
import { imports, isIn, productFolders, tree } from "./source-tree.ts";

const exported = /^export\s+(?:async\s+|abstract\s+)*(?:function\*?|const|let|class)\s+(?<name>[\w$]+)/gm;
const exportsOf = (text: string): string[] => [...text.matchAll(exported)].map(({ groups }) => groups?.["name"] ?? "");

/** Whether a text has the name as a word of its own. */
const hasWord = (text: string, name: string): boolean =>
  new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).test(text);

test("every value that a file of the product exports is named in a file that imports it", () => {
  const texts = new Map(tree.map(({ file, text }) => [file, text]));
  /** If a file is re-exported whole (`export * from`), whoever imports the re-exporting file counts too. */
  const importersOf = (file: string): string[] =>
    imports
      .filter((each) => each.file === file)
      .flatMap(({ from, specifier }) =>
        texts.get(from)?.includes(`export * from "${specifier}"`) ? [from, ...importersOf(from)] : [from],
      );
  const files = tree.filter(({ file }) => isIn(file, ...productFolders));
  const all = files.flatMap(({ file, text }) => exportsOf(text).map((name) => ({ file, name })));
  assert.ok(all.length > 1500, `${all.length} exports found`);
  assert.deepEqual(
    all.filter(({ file, name }) => !importersOf(file).some((from) => hasWord(texts.get(from) ?? "", name))),
    [],
  );
});
