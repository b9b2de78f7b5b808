import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What a build is made from. Tests are in it, because they are compiled into the same folder. */
const sources = ["coordinator", "shared", "worker", "test"];
const files = ["build.mjs", "gather.mjs", "package.json", "package-lock.json", "tsconfig.json"];

/**
 * Names the sources as they are now, by path, size and time of change. `npx nexus` builds at its first use, which takes
 * a quarter of a minute in which npm prints nothing. If `npm install` has just built the same sources, the stamp saves
 * that.
 */
export function stampOf(root) {
  const hash = createHash("sha256");
  const add = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  const walk = (folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (/\.(ts|json)$/.test(entry.name)) add(path);
    }
  };
  for (const file of files) if (existsSync(join(root, file))) add(file);
  for (const folder of sources) if (existsSync(join(root, folder))) walk(folder);
  return hash.digest("hex");
}
