import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A parsed file of test/fixtures/golden: the original programs' numbers, unchanged. The caller vouches for the type;
 * each file's "about" says what it holds.
 */
export function golden<Content>(name: string): Content {
  return fixture(`golden/${name}`);
}

/** Any JSON file of test/fixtures, parsed. */
export function fixture<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(packageFolder(), "test/fixtures", path), "utf8")) as Content;
}

/** The nearest folder above with a package.json: compiled tests lie in another folder than their fixtures. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}
