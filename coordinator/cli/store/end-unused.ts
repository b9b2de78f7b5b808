import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { takeCensus } from "../../../shared/broker/server/holders.ts";
import { signalProcess } from "../../../shared/broker/server/tied-process.ts";
import { UsageError } from "../../../shared/errors.ts";
import { isAlive } from "../../../shared/machine/process-identity.ts";
import { type WorkspacePaths, workspaceFlags } from "../../../shared/machine/workspace.ts";
import { pause } from "../../../shared/time/deadline.ts";

const patienceMs = 30_000;

/**
 * Ends a broker that only waits for a coordinator that died, so that the workspace's store can be replaced.
 *
 * @param hint  what to type while anything uses it
 * @throws UsageError while anything uses it
 */
export async function endUnused(
  paths: WorkspacePaths,
  hint = `; end it first: nexus-coord${workspaceFlags(paths.name)} stop`,
): Promise<void> {
  const info = runningBroker(paths);
  if (!info) return;
  if (takeCensus(paths).living.length === 0) {
    signalProcess(info.guard, "SIGINT");
    const limit = performance.now() + patienceMs;
    while (isAlive(info.guard) && performance.now() < limit) await pause(20);
    if (!isAlive(info.guard)) return;
  }
  throw new UsageError(`workspace ${paths.name} is in use (its broker runs, process ${info.guard.pid})${hint}`);
}
