import { renewRoleSecrets } from "../../shared/broker/access/credentials.ts";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import type { BusCredentials } from "../../shared/broker/client/connect.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { signalProcess } from "../../shared/broker/server/tied-process.ts";
import { rotateSeal } from "../../shared/broker/store/seal-file.ts";
import { connectAs } from "../../shared/broker/workspace-link.ts";
import { BrokerError } from "../../shared/errors.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";

/**
 * Writes new passwords and a new key for seals. Only the leader may, once it decides nothing more. The broker accepts the passwords once its guard has
 * rewritten its configuration; `connectOwn` makes sure of that.
 *
 * @param lastSeq  of the journal: the key holds for what follows
 */
export function renewSecrets(paths: WorkspacePaths, lastSeq: number): void {
  rotateSeal(paths, lastSeq + 1);
  renewRoleSecrets(paths);
}

const patienceMs = 10_000;
const againMs = 250;

/**
 * Connects to our own broker. If it refuses, its configuration may be older than the passwords, as when this process was killed
 * after replacing them: its guard rewrites it.
 *
 * @throws BrokerError if it goes on refusing
 */
export async function connectOwn(
  paths: WorkspacePaths,
  url: string,
  credentials: BusCredentials,
): Promise<CoordinatorBus> {
  const limit = performance.now() + patienceMs;
  for (let told = false; ; told = true) {
    try {
      return await connectAs(url, credentials, "coordinator");
    } catch (error) {
      if (!(error instanceof BrokerError) || performance.now() > limit) throw error;
      const guard = runningBroker(paths)?.guard;
      if (!told && guard) signalProcess(guard, "SIGHUP");
      await pause(againMs);
    }
  }
}
