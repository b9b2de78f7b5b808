import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isProcessIdentity, type Liveness, liveness, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

/** Who holds a lock file, as the file says. */
export interface LockOwner {
  readonly identity: ProcessIdentity;
  /** What the owner is, for people: `the broker of workspace ws1`. */
  readonly purpose: string;
  readonly host: string;
  /** ISO time, for people. */
  readonly since: string;
  /** New for every taking, so that a lock is told from its successor in the same file. */
  readonly nonce: string;
}

export interface HeldLock {
  readonly owner: LockOwner;
  /** False when someone took it away, which happens only to owners that looked dead from another machine. */
  isMine(): boolean;
  /** Shows to other machines that the owner lives; call it at least every few seconds where they may see the file. */
  touch(): void;
  release(): void;
}

export type LockAttempt =
  | { readonly ok: true; readonly lock: HeldLock }
  | { readonly ok: false; readonly owner: LockOwner; readonly liveness: Liveness };

/**
 * Takes the lock at `path`, also from an owner that is dead. Of several that try, one gets it.
 *
 * The file appears with all its content by link(2), so nobody reads half of it. A dead owner's file is removed only by
 * the holder of a second lock of the same kind, `<path>.break`, who reads it again first: otherwise one that has read
 * the dead owner's name could remove the file of a living one that came between.
 *
 * @param presumedDead  nonce of an owner elsewhere that the caller has found silent (see `isSilent`)
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
    // Its holder is about to own this lock too.
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
 * The owner that the file names; undefined when there is no file. Complete by construction, so a file that cannot be read
 * was damaged by something else, and its owner is gone.
 */
export function readLockOwner(path: string): LockOwner | "unreadable" | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isLockOwner(value) ? value : "unreadable";
  } catch {
    return "unreadable";
  }
}

/**
 * Whether an owner that cannot be looked up from here (another machine or container) has not touched its lock for
 * `silentMs` of this machine's own time. Clocks of two machines are never compared.
 */
export async function isSilent(path: string, silentMs = 30_000, pollMs = 500): Promise<boolean> {
  const touchedAt = (): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  const first = touchedAt();
  const end = performance.now() + silentMs;
  while (performance.now() < end) {
    await delay(pollMs);
    if (touchedAt() !== first) return false;
  }
  return true;
}

/** For the person who wants the lock: who has it, since when, and what to do about it. */
export function explainLock(path: string, owner: LockOwner, state: Liveness): string {
  const holder = `${owner.purpose}, process ${owner.identity.pid} on ${owner.host}, has held ${path} since ${owner.since}`;
  if (state === "alive") return `${holder}; to end it type: kill ${owner.identity.pid}`;
  return `${holder}; run this command on that machine, or, if it is gone for good, type: rm ${path}`;
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

/** False when the file is there already. */
function createWith(path: string, owner: LockOwner): boolean {
  const temporary = `${path}.${owner.identity.pid}.${owner.nonce}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, `${JSON.stringify(owner)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
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

function isLockOwner(value: unknown): value is LockOwner {
  if (typeof value !== "object" || value === null) return false;
  const { identity, purpose, host, since, nonce } = value as Record<string, unknown>;
  return isProcessIdentity(identity) && [purpose, host, since, nonce].every((field) => typeof field === "string");
}
