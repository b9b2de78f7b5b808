import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec, tap } from "node:test/reporters";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inOrder } from "./run-order.ts";

/** Milliseconds after which a test counts as hung; its waits for processes give up earlier (support/patience.ts). */
const hungMs = 900_000;

/**
 * Runs every `*.test.js` below the named folders of `dist/test` with Node's own runner:
 * `node dist/test/run.js 2 unit conformance`. The first argument is the number of processes at a time. `node --test`
 * would sort the files by name; here the slowest start first, so that none of them runs alone at the end.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const [places, ...folders] = process.argv.slice(2);
const names = folders.flatMap((folder) => {
  const found = readdirSync(join(here, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(folder, name));
  if (found.length === 0) throw new Error(`no *.test.js below ${join(here, folder)}; run "npm run build" first`);
  return found;
});

const together = join(here, "together");
rmSync(together, { recursive: true, force: true });
mkdirSync(together);
const files = inOrder(names).map(([first = "", ...more], i) => {
  if (more.length === 0) return join(here, first);
  const file = join(together, `${i}.js`);
  const imports = [first, ...more].map((name) => `import ${JSON.stringify(pathToFileURL(join(here, name)).href)};\n`);
  writeFileSync(file, imports.join(""));
  return file;
});

// Tests compare the times of day that screens show, in whatever zone they run.
process.env["TZ"] = "UTC";
// Programs that tests start share their compiled code here.
process.env["NODE_COMPILE_CACHE"] ??= join(here, "code");
const events = run({ files, concurrency: Number(places), timeout: hungMs }).on("test:fail", ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
if (process.stdout.isTTY) events.compose(new spec()).pipe(process.stdout);
else events.compose(tap).pipe(process.stdout);
