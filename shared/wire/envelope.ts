/** Parts that all messages share: the version, the envelope, and the checks of names. */

import type { Setting } from "../domain/hyperparameter.ts";
import { isJobName, isWorkerId, type JobName, parseRunName, type RunName, type WorkerId } from "../domain/names.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";
import type { MessageLimits } from "./reader.ts";

/** Raised by every change to a message that other versions could not read. */
export const wireVersion = 1;

export const job = check.matching<JobName>(isJobName, "a job's name");
export const run = check.matching<RunName>((text) => parseRunName(text) !== undefined, "a run's name");
export const worker = check.matching<WorkerId>(isWorkerId, "a worker's id");
export const id = check.text(64);
/** An id that another machine chose and that logs and lists show: printable ASCII without spaces. */
export const token = check.matching<string>((text) => /^[\x21-\x7e]{1,64}$/.test(text), "1 to 64 visible characters");
export const attempt = check.whole(1);
export const setting: check.Check<Setting> = (value, at) => {
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean")
    return value;
  throw new check.BadMessage(`${at}: expected a number, text, true, false or null`);
};

/** A runspec with everything needed to read it on another machine: `CarriedSpec`. */
export const carriedSpec = {
  file: check.text(),
  text: check.text(1_000_000),
  sources: check.record(check.text(1_000_000)),
  commandLine: check.record(check.text(100_000)),
};

/**
 * Decodes one message and checks its version.
 *
 * @param limits  the limits of its kind
 * @throws BadMessage that says what is wrong; it quotes nothing of the message but version numbers
 */
export function open<T>(bytes: Uint8Array, of: check.Check<T>, limits: MessageLimits): T {
  const value = decode(bytes, limits);
  // Checked by hand, because this runs for each of millions of messages.
  const v = typeof value === "object" && value !== null ? (value as { v?: unknown }).v : undefined;
  if (v !== wireVersion) {
    const theirs = programOf(value);
    throw new check.OtherVersion(
      `${check.versionText(v)}; this program speaks version ${wireVersion}: update the older side` +
        (theirs === undefined
          ? ""
          : ` (the other side is nexus-swarm ${theirs}: install that version from where you got this one (docs/install.md); for a worker, paste the line of nexus invite)`),
    );
  }
  return check.checked(of, value);
}

/** The version of the other side's program, if the message says it (`versionNotice`). */
function programOf(value: unknown): string | undefined {
  const { program } = (value ?? {}) as { program?: unknown };
  return typeof program === "string" && /^\d{1,4}(\.\d{1,4}){2}$/.test(program) ? program : undefined;
}

/** The answer to a message of another version: neither side can read the other's messages, except for the version. */
export const versionNotice = (program: string): Uint8Array => seal({ program });

export const seal = (value: object): Uint8Array => encode({ v: wireVersion, ...value });

export const term = check.whole();
