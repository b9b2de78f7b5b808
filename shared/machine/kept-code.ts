/**
 * Keeps the machine code that the engine makes of our programs, so that they start sooner: a command in three quarters of the CPU
 * time (Node 24; Node 20 has nothing of the kind). Called before a program is loaded, so it imports nothing else of ours.
 */

import { lstatSync, mkdirSync } from "node:fs";
import * as modules from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `$XDG_CACHE_HOME/nexus`: whatever is deleted there is fetched or made again. */
export function cacheFolder({ XDG_CACHE_HOME: cache, HOME: home }: NodeJS.ProcessEnv): string {
  return join(
    cache && isAbsolute(cache) ? cache : join(home && isAbsolute(home) ? home : homedir(), ".cache"),
    "nexus",
  );
}

/** Whoever can write this folder decides what our programs do: it is used only if nobody but this user can. */
export function keepCode(): void {
  const { enableCompileCache } = modules as { enableCompileCache?: (folder: string) => unknown };
  if (!enableCompileCache) return;
  const folder = join(cacheFolder(process.env), "code");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOnlyOurs(folder)) return;
  } catch {
    // A home that cannot be written, in a sandbox for example: the program starts a little later.
    return;
  }
  enableCompileCache(folder);
}

/** Others may have made it first, in a cache that many share. */
function isOnlyOurs(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  const own = process.geteuid?.();
  return own === undefined || (uid === own && (mode & 0o022) === 0);
}
