import { statfsSync } from "node:fs";
import { readJsonFile, type WorkspacePaths } from "../../machine/workspace.ts";

/**
 * Free space under which the server is stopped. Seen with nats-server 2.10.27: when a disk is so full that a stream's next
 * block file cannot be made, the server forgets the stream's last sequence; once there is space again it acknowledges
 * messages under old numbers, and they are gone at its next start. So it must not run on a full disk. The guard looks every
 * second, and the fastest writer measured put 137 MB/s.
 */
const defaultReserveMb = 256;

/** Undefined when there is space enough. The reserve may be changed, also while the broker runs, in broker-settings.json. */
export function diskTrouble(paths: WorkspacePaths): string | undefined {
  const { bavail, bsize } = statfsSync(paths.store);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  const reserveMb = reserveOf(paths);
  if (freeMb >= reserveMb) return undefined;
  return (
    `no space left for the broker: the disk that holds ${paths.store} has ${freeMb} MB free and ${reserveMb} MB are kept ` +
    `in reserve; nothing is lost: free some space, or set {"diskReserveMb": ...} in ${paths.brokerSettings}`
  );
}

/** What the server's log says when a write met a full disk or an exhausted quota. */
export const saysDiskFull = (log: string): boolean => /no space left on device|disk quota exceeded/i.test(log);

function reserveOf(paths: WorkspacePaths): number {
  const settings = readJsonFile(paths.brokerSettings);
  if (typeof settings !== "object" || settings === null) return defaultReserveMb;
  const { diskReserveMb } = settings as { diskReserveMb?: unknown };
  return typeof diskReserveMb === "number" && diskReserveMb >= 0 ? diskReserveMb : defaultReserveMb;
}
