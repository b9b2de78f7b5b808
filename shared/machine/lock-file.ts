import { randomBytes } from "node:crypto";
import { linkSync, rmSync, statSync, utimesSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../errors.ts";
import { isProcessIdentity, type Liveness, liveness, ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import { fieldsOf, readIfThere, writeNewFile } from "./secret-file.ts";
import { shellWord } from "./shell-word.ts";

/** The owner of a lock, as the lock file says. */
export interface LockOwner {
  readonly identity: ProcessIdentity;
  /** For people: `the broker of workspace ws1`. */
  readonly purpose: string;
  readonly host: string;
  /** ISO time, for people. */
  readonly since: string;
  /** Different each time the lock is taken: distinguishes a lock from its successor in the same file. */
  readonly nonce: string;
}

export interface HeldLock {
  readonly owner: LockOwner;
  /** False if another process took the lock away, which happens only to owners that look dead from another machine. */
  isMine(): boolean;
  /** Shows other machines that the owner is alive. Call it every few seconds if they may see the file. */
  touch(): void;
  release(): void;
}

type LockAttempt =
  | { readonly ok: true; readonly lock: HeldLock }
  | { readonly ok: false; readonly owner: LockOwner; readonly liveness: Liveness };

/**
 * Takes the lock at `path`, even from a dead owner. If several processes try at once, one gets it.
 *
 * link(2) makes the file appear with all its content. Only the holder of a second lock, `<path>.break`, removes a dead
 * owner's file, and reads it again first. Otherwise a process that has read the dead owner's file could remove the
 * newer file of a living owner.
 *
 * @param presumedDead  nonce of an owner on another machine that the caller found silent (see `isLockSilent`)
 */
export function takeLock(path: string, purpose: string, presumedDead?: string): LockAttempt {
  const owner = newOwner(purpose);
  for (;;) {
    if (createWith(path, owner)) return { ok: true, lock: heldLock(path, owner) };
    const found = readLockOwner(path);
    if (found === undefined) continue;
    const state = stateOf(found, presumedDead);
    if (state !== "dead" && found !== "unreadable") return { ok: false, owner: found, liveness: state };

    const breaker = takeLock(`${path}.break`, purpose);
    // The holder of the second lock is about to own this one too.
    if (!breaker.ok) return breaker;
    try {
      const still = readLockOwner(path);
      if (still !== undefined && stateOf(still, presumedDead) === "dead") rmSync(path, { force: true });
      if (createWith(path, owner)) return { ok: true, lock: heldLock(path, owner) };
    } finally {
      breaker.lock.release();
    }
  }
}

/**
 * The owner that the file names; undefined if there is no file. Lock files appear whole, so an unreadable one was
 * damaged by something else, and its owner counts as dead.
 */
export function readLockOwner(path: string): LockOwner | "unreadable" | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const fields = fieldsOf(text);
  return isLockOwner(fields) ? fields : "unreadable";
}

/**
 * Waits to see whether an owner elsewhere leaves its lock untouched for `silentMs` milliseconds. Clocks of two machines
 * are never compared.
 */
export async function isLockSilent(path: string, silentMs = 30_000, pollMs = 500): Promise<boolean> {
  const touchedAt = (): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  const first = touchedAt();
  const end = performance.now() + silentMs;
  while (performance.now() < end) {
    await delay(pollMs);
    if (touchedAt() !== first) return false;
  }
  return true;
}

/**
 * Takes the lock on a workspace's store, or another lock that guards one.
 *
 * @throws BrokerError that says who holds it and what to do about it
 */
export function lockStore(path: string, purpose: string): HeldLock {
  const attempt = takeLock(path, purpose);
  if (attempt.ok) return attempt.lock;
  throw storeInUse(path, attempt.owner, attempt.liveness, "; nothing was changed");
}

export const storeInUse = (path: string, owner: LockOwner, state: Liveness, consequence = ""): BrokerError =>
  new BrokerError(`the store is in use: ${explainLock(path, owner, state)}${consequence}`);

/** Says who holds the lock, since when, and what to do about it. */
export function explainLock(path: string, owner: LockOwner, state: Liveness): string {
  const holder = `${owner.purpose}, process ${owner.identity.pid} on ${owner.host}, has held ${path} since ${owner.since}`;
  if (state === "alive") return `${holder}; to end it type: kill ${owner.identity.pid}`;
  return `${holder}; run this command on that machine, or, if it is gone for good, type: rm ${shellWord(path)}`;
}

function stateOf(owner: LockOwner | "unreadable", presumedDead: string | undefined): Liveness {
  if (owner === "unreadable") return "dead";
  const state = liveness(owner.identity);
  return state === "elsewhere" && owner.nonce === presumedDead ? "dead" : state;
}

function newOwner(purpose: string): LockOwner {
  const identity = ownIdentity();
  const host = identity.scope.split(" ")[0] ?? "";
  return { identity, purpose, host, since: new Date().toISOString(), nonce: randomBytes(8).toString("hex") };
}

/** Creates the lock file with its content; false if it exists. */
function createWith(path: string, owner: LockOwner): boolean {
  const temporary = `${path}.${owner.identity.pid}.${owner.nonce}.tmp`;
  try {
    writeNewFile(temporary, `${JSON.stringify(owner)}\n`);
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function heldLock(path: string, owner: LockOwner): HeldLock {
  const isMine = (): boolean => {
    const found = readLockOwner(path);
    return found !== undefined && found !== "unreadable" && found.nonce === owner.nonce;
  };
  return {
    owner,
    isMine,
    touch: () => {
      const now = new Date();
      utimesSync(path, now, now);
    },
    release: () => {
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

function isLockOwner(fields: object): fields is LockOwner {
  const { identity, purpose, host, since, nonce } = fields as Record<string, unknown>;
  return isProcessIdentity(identity) && [purpose, host, since, nonce].every((field) => typeof field === "string");
}
