/**
 * Keeps the machine code that the engine compiles from our programs, so that they start sooner: a command takes three
 * quarters of the CPU time (Node 24; Node 20 has no such cache). This runs before a program is loaded, so it imports
 * nothing else of ours.
 */

import { lstatSync, mkdirSync, statSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import * as modules from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** `$XDG_CACHE_HOME/nexus`: whatever is deleted there is fetched or built again. */
export function cacheFolder({ XDG_CACHE_HOME: cache, HOME: home }: NodeJS.ProcessEnv): string {
  return join(
    cache && isAbsolute(cache) ? cache : join(home && isAbsolute(home) ? home : homedir(), ".cache"),
    "nexus",
  );
}

const codeFolder = (env: NodeJS.ProcessEnv): string => join(cacheFolder(env), "code");

/** Turns the cache on, but only if nobody else can write its folder: whoever can decides what our programs do. */
export function keepCode(): void {
  const { enableCompileCache } = modules as { enableCompileCache?: (folder: string) => unknown };
  if (!enableCompileCache) return;
  try {
    const folder = codeFolder(process.env);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isOnlyOurs(folder)) enableCompileCache(folder);
  } catch {
    // There is no home, or it cannot be written, for example in a sandbox: the program starts a little later.
  }
}

/**
 * Whether only this user and root can change the contents of this folder of the cache, or replace it. In a shared
 * cache, others may have created the folder first, or `nexus` above it.
 */
export function isOnlyOurs(folder: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const own = process.geteuid?.();
  if (own === undefined) return true;
  const cache = dirname(cacheFolder(env));
  for (let at = folder; at !== cache; at = dirname(at)) {
    const found = lstatSync(at);
    if (!found.isDirectory() || found.uid !== own || (found.mode & 0o022) !== 0) return false;
  }
  // A link may lead to the cache. In a sticky folder such as /tmp, others can only add files.
  const { uid, mode } = statSync(cache);
  return (uid === own || uid === 0) && ((mode & 0o002) === 0 || (mode & 0o1000) !== 0);
}

/** Code unused for this long comes from another version of Node, or from programs that have moved since. */
const longestUnusedMs = 30 * 86_400_000;
/** Limit of all kept code; one version of our programs takes 10 MB. */
const mostBytes = 100 * 2 ** 20;

/**
 * Deletes code that nothing has used for a month, and what exceeds 100 MB, least recently used first. What is needed
 * again is compiled again.
 */
export async function dropOldCode(env: NodeJS.ProcessEnv, now: number): Promise<void> {
  try {
    const folder = codeFolder(env);
    if (!isOnlyOurs(folder, env)) return;
    const files = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const { size, atimeMs, mtimeMs } = await lstat(path);
      files.push({ path, size, usedAt: Math.max(atimeMs, mtimeMs) });
    }
    let bytes = 0;
    for (const { path, size, usedAt } of files.sort((a, b) => b.usedAt - a.usedAt)) {
      bytes += size;
      if (bytes > mostBytes || now - usedAt > longestUnusedMs) await rm(path, { force: true });
    }
  } catch {
    // There is no folder, or another program is deleting too: the next start tries again.
  }
}
