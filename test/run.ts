import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A test that takes so long hangs; what waits for a process inside it gives up before (support/patience.ts). */
const hungMs = 900_000;

/**
 * Runs every `*.test.js` below the named folders of `dist/test` with Node's own runner: `node dist/test/run.js 2 unit conformance`.
 * The first argument is how many files run at a time. The files are listed here because Node 20's runner knows no globs and
 * Node 22's takes no folders.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const [concurrency, ...folders] = process.argv.slice(2);
const files = folders.flatMap((folder) => {
  const found = readdirSync(join(here, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => relative(process.cwd(), join(here, folder, name)))
    .sort();
  if (found.length === 0) throw new Error(`no *.test.js below ${join(here, folder)}; run "npm run build" first`);
  return found;
});

const { status, signal, error } = spawnSync(
  process.execPath,
  ["--test", `--test-timeout=${hungMs}`, `--test-concurrency=${concurrency}`, ...files],
  { stdio: "inherit" },
);
if (error) throw error;
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
