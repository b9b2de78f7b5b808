/**
 * Runs on the machine that joins, which may have nothing but Node: fetches the package, checks it, keeps it, and starts the worker
 * from it. The coordinator hands this file out as it was compiled, so it imports nothing but Node's own modules.
 */

import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

export interface Offer {
  readonly version: string;
  /** Of the package, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

const fetchWithinMs = 120_000;
/** Versions kept, the current one included: a worker started with a former line need not fetch its own again. */
const keptVersions = 2;
const abandonedMs = 3_600_000;
/** How long another machine's mark counts: machines may share a home, and which processes live elsewhere is unknown. */
const elsewhereMs = 30 * 86_400_000;
const leastNode = 20;

/** An error that a person can do something about: told without a stack. */
class Mishap extends Error {}

/**
 * @param from  `host:port` where the offer was made
 * @param args  what was typed after the line; the join line itself is in NEXUS_JOIN
 */
export async function startHere(offer: Offer, from: string, args: readonly string[]): Promise<void> {
  try {
    if (Number(process.versions.node.split(".")[0]) < leastNode)
      throw new Mishap(`Node ${process.versions.node} is too old: expected ${leastNode} or newer`);
    const folder = versionsFolder(process.env);
    const place = join(folder, `${offer.version}-${offer.sha256.slice(0, 12)}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOnlyOurs(existsSync(place) ? place : folder))
      throw new Mishap(
        `others can change what is in ${folder}, so nothing is started from there: delete it, or set XDG_CACHE_HOME to a folder of your own`,
      );
    if (!existsSync(place)) install(await fetchPackage(offer, from), folder, place);
    markUse(place);
    prune(folder, place);
    const main = join(place, "dist", "worker", "main.js");
    process.argv = [process.execPath, main, ...args];
    // It holds the pasted line, which the worker's children would inherit.
    process.execArgv = [];
    await import(pathToFileURL(main).href);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // What the file system says needs no stack either.
    if (!(error instanceof Mishap) && code === undefined) throw error;
    process.stderr.write(`nexus-worker was not started: ${message}\n`);
    process.exitCode = 1;
  }
}

/** `$XDG_CACHE_HOME/nexus/versions`: whatever is deleted there is fetched again. */
function versionsFolder(env: NodeJS.ProcessEnv): string {
  const { XDG_CACHE_HOME: cache } = env;
  const { HOME: home } = env;
  const root = cache && isAbsolute(cache) ? cache : join(home && isAbsolute(home) ? home : homedir(), ".cache");
  return join(root, "nexus", "versions");
}

/** As in shared/machine/kept-code.ts, which cannot be imported here: others may have made the folder first, or one above it. */
function isOnlyOurs(folder: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const own = process.geteuid?.();
  if (own === undefined) return true;
  const cache = dirname(dirname(versionsFolder(env)));
  for (let at = folder; at !== cache; at = dirname(at)) {
    const found = lstatSync(at);
    if (!found.isDirectory() || found.uid !== own || (found.mode & 0o022) !== 0) return false;
  }
  const { uid, mode } = statSync(cache);
  return (uid === own || uid === 0) && ((mode & 0o002) === 0 || (mode & 0o1000) !== 0);
}

/** Fetches the package. @throws Mishap unless it is the one that was offered, byte for byte */
async function fetchPackage({ sha256, bytes: size }: Offer, from: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const answer = await fetch(`http://${from}/${sha256}.tgz`, {
      redirect: "error",
      signal: AbortSignal.timeout(fetchWithinMs),
    });
    if (!answer.ok || !answer.body)
      throw new Mishap(`${from} answered ${answer.status}; type the line that it prints now`);
    // Nothing is read beyond the size that was offered.
    for await (const part of answer.body) {
      parts.push(part);
      length += part.length;
      if (length > size) break;
    }
  } catch (error) {
    if (error instanceof Mishap) throw error;
    throw new Mishap(`the package could not be fetched from ${from}: ${String((error as Error).cause ?? error)}`);
  }
  const found = Buffer.concat(parts);
  if (length !== size || createHash("sha256").update(found).digest("hex") !== sha256)
    throw new Mishap(
      `what ${from} sent is not the package that was promised (SHA-256 ${sha256}); nothing was kept of it`,
    );
  return found;
}

/** Unpacks beside `place` and renames in one step, so that half a version is never started. */
export function install(packed: Buffer, folder: string, place: string): void {
  // Another machine with the same home, or another container, may just have a process of the same number.
  const making = join(folder, `.new-${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    const made = new Set<string>();
    for (const { path, bytes } of unpacked(gunzipSync(packed))) {
      const file = join(making, path);
      const within = dirname(file);
      if (!made.has(within)) mkdirSync(within, { recursive: true, mode: 0o700 });
      made.add(within);
      writeFileSync(file, bytes, { mode: 0o600 });
    }
    renameSync(making, place);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another worker of this machine was first.
    if (!existsSync(place)) throw error;
  }
}

/** The plain files of a tar, as the coordinator makes them. */
export function* unpacked(tar: Buffer): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  const text = (from: number, to: number): string => tar.toString("utf8", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const [name, prefix] = [text(at, at + 100), text(at + 345, at + 500)];
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const parts = path.split("/");
    if (text(at + 156, at + 157) !== "0" || parts.includes("..") || parts.includes("") || !(size >= 0))
      throw new Mishap(`the package holds something odd: ${JSON.stringify(path)}`);
    yield { path, bytes: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

const thisMachine = (): string => encodeURIComponent(hostname());

function markUse(place: string): void {
  const users = join(place, "users");
  mkdirSync(users, { recursive: true, mode: 0o700 });
  writeFileSync(join(users, `${process.pid}@${thisMachine()}`), "", { mode: 0o600 });
  const now = new Date();
  utimesSync(place, now, now);
}

/** Deletes the versions used longest ago that no process runs from and no service starts, and leftovers of starts that were killed. */
export function prune(folder: string, current: string, isAlive: (pid: number) => boolean = runs): void {
  // Other workers may start at the same moment: an entry that was just listed may be gone.
  const all = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found
      ? [{ path, isVersion: found.isDirectory(), isNew: name.startsWith(".new-"), usedAt: found.mtimeMs }]
      : [];
  });
  const spare = all
    .filter(({ path, isVersion, isNew }) => isVersion && !isNew && path !== current && !isUsed(path, isAlive))
    .sort((a, b) => b.usedAt - a.usedAt)
    .slice(keptVersions - 1);
  const abandoned = all.filter(({ isNew, usedAt }) => isNew && Date.now() - usedAt > abandonedMs);
  for (const { path } of [...spare, ...abandoned]) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function isUsed(place: string, isAlive: (pid: number) => boolean): boolean {
  const users = join(place, "users");
  if (!existsSync(users)) return false;
  const living = readdirSync(users).filter((name) => {
    const [pid, machine] = name.split("@");
    const mark = join(users, name);
    if (isServices(mark, place)) return true;
    const isSure = machine === undefined || machine === thisMachine();
    const markedAt = lstatSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (isSure ? isAlive(Number(pid)) : Date.now() - markedAt < elsewhereMs) return true;
    rmSync(mark, { force: true });
    return false;
  });
  return living.length > 0;
}

/** A service's mark holds the path of the service's file (worker/service/install.ts). It counts while that file names the version. */
function isServices(mark: string, place: string): boolean {
  try {
    const file = readFileSync(mark, "utf8");
    return file !== "" && readFileSync(file, "utf8").includes(basename(place));
  } catch (error) {
    // A file that cannot be read now may still be there.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** This file, as it is handed out. */
export const ownText = (): string =>
  readFileSync(new URL(import.meta.url), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
