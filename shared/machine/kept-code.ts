/**
 * Keeps the machine code that the engine makes of our programs, so that they start sooner: a command in three quarters of the CPU
 * time (Node 24; Node 20 has nothing of the kind). Called before a program is loaded, so it imports nothing else of ours.
 */

import { lstatSync, mkdirSync, statSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import * as modules from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** `$XDG_CACHE_HOME/nexus`: whatever is deleted there is fetched or made again. */
export function cacheFolder({ XDG_CACHE_HOME: cache, HOME: home }: NodeJS.ProcessEnv): string {
  return join(
    cache && isAbsolute(cache) ? cache : join(home && isAbsolute(home) ? home : homedir(), ".cache"),
    "nexus",
  );
}

const codeFolder = (env: NodeJS.ProcessEnv): string => join(cacheFolder(env), "code");

/** Whoever can write this folder decides what our programs do: it is used only if nobody but this user can. */
export function keepCode(): void {
  const { enableCompileCache } = modules as { enableCompileCache?: (folder: string) => unknown };
  if (!enableCompileCache) return;
  const folder = codeFolder(process.env);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOnlyOurs(folder)) return;
  } catch {
    // A home that cannot be written, in a sandbox for example: the program starts a little later.
    return;
  }
  enableCompileCache(folder);
}

/**
 * Whether only this user and root can change what is in this folder of the cache, or replace the folder. In a shared cache,
 * others may have created it first, or `nexus` above it.
 */
export function isOnlyOurs(folder: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const own = process.geteuid?.();
  if (own === undefined) return true;
  const cache = dirname(cacheFolder(env));
  for (let at = folder; at !== cache; at = dirname(at)) {
    const found = lstatSync(at);
    if (!found.isDirectory() || found.uid !== own || (found.mode & 0o022) !== 0) return false;
  }
  // A link may lead to it. In a sticky folder, as /tmp is one, others can only add.
  const { uid, mode } = statSync(cache);
  return (uid === own || uid === 0) && ((mode & 0o002) === 0 || (mode & 0o1000) !== 0);
}

/** What nobody has used for this long was made by another version of Node, or of programs that have moved since. */
const longestUnusedMs = 30 * 86_400_000;
/** One version of our programs takes 10 MB. */
const mostBytes = 100 * 2 ** 20;

/**
 * Deletes code that nothing has used for a month, and what is over 100 MB, the least recently used first. What is needed again is
 * made again.
 */
export async function dropOldCode(env: NodeJS.ProcessEnv, now: number): Promise<void> {
  const folder = codeFolder(env);
  try {
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
    // There is none, or another program was at it as well: the next start looks again.
  }
}
