/** A broker on a full disk: it stops in time, and can still say why. */

import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { sizeText } from "../../domain/size-text.ts";
import { readJsonFields } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";

/**
 * The server is stopped when less than this is free. When a disk is so full that a stream's next block file cannot be made,
 * nats-server 2.10.27 forgets the stream's last sequence (seen). Once there is space again, it acknowledges messages under old
 * numbers, and they are gone at its next start. The guard looks every second; the fastest writer measured put 137 MB/s.
 */
const defaultReserveMb = 256;

/**
 * Why the server must be down, as a sentence for people; undefined if there is enough space. broker-settings.json may
 * change the reserve, even while the broker runs.
 */
export function diskTrouble(paths: WorkspacePaths): string | undefined {
  const { bavail, bsize } = statfsSync(paths.store);
  const free = bavail * bsize;
  const { diskReserveMb } = readJsonFields(paths.brokerSettings);
  const reserveMb = typeof diskReserveMb === "number" && diskReserveMb >= 0 ? diskReserveMb : defaultReserveMb;
  const reserve = reserveMb * 1e6;
  if (free >= reserve) return undefined;
  return (
    `no space left for the broker: the disk that holds ${paths.store} has ${sizeText(free)} free and ${sizeText(reserve)} are kept ` +
    `in reserve; nothing is lost: free some space, or set {"diskReserveMb": ...} in ${paths.brokerSettings}`
  );
}

/** Whether the server's log mentions a write that met a full disk, an exhausted quota, or the limit on a file's size. */
export const saysDiskFull = (log: string): boolean =>
  /no space left on device|disk quota exceeded|file too large/i.test(log);

/** Whether the disk takes no more: it is full, its quota is used up, or files may have no more bytes (`ulimit -f`). */
export const isDiskFull = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT", "EFBIG"].includes((error as NodeJS.ErrnoException).code ?? "");

/** Enough for broker.json, and for some lines of logs. */
const ballastBytes = 128 * 1024;

/**
 * A file that is removed from a disk full to the last byte, to make room for what must be written. Without it broker.json kept its
 * old content (seen on a full tmpfs), and all that commands could say was that no server answers.
 */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;

  constructor(path: string, bytes = ballastBytes) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Makes the file if there is room for it; otherwise a later call may find some. */
  take(): void {
    try {
      // Not zeros, which some file systems store as nothing.
      if (!existsSync(this.#path)) writeFileSync(this.#path, Buffer.alloc(this.#bytes, "ballast"), { mode: 0o600 });
    } catch {
      this.throwOff();
    }
  }

  throwOff(): void {
    rmSync(this.#path, { force: true });
  }

  /** Writes something that must be written; on a full disk, in place of the ballast. */
  sparing(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.throwOff();
      write();
    }
  }
}
