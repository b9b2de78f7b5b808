import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A nats-server that runs here and is new enough. */
export interface NatsServerBinary {
  readonly path: string;
  /** `2.10.27`. */
  readonly version: string;
}

/** 2.10 is the first to understand our configuration; 2.10.27 is the one that was tested. */
const oldest = { major: 2, minor: 10 };
export const oldestVersion = `${oldest.major}.${oldest.minor}`;

/** Version of a nats-server program; undefined if it cannot be run. */
export async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 });
    return /\bv?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    // Not a program for this machine, not a program at all, or it hangs: no difference here.
    return undefined;
  }
}

export const isNewEnough = (version: string): boolean => isAtLeast(version, oldest.major, oldest.minor);

export function isAtLeast(version: string, leastMajor: number, leastMinor: number): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
