import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { writeSnapshot } from "../../shared/broker/store/snapshots.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { job, narrowing, tellSearch } from "./big-store.ts";
import { commandCost, costHeader } from "./command-cost.ts";

/**
 * Times `nexus eval` and `nexus plot summary` as whole commands on a store of many runs, cold: each starts a broker,
 * reads the store, evaluates the search and stops the broker.
 *
 * @param args  runs (1000000), records in a journal message (64, as from a busy coordinator), times (3)
 */
export async function run(args: string[]): Promise<void> {
  const [runs = 1_000_000, together = 64, times = 3] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  try {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
    const started = performance.now();
    const first = await linkWorkspace(paths, "coordinator", null, { makeStore: true });
    await tellSearch(paths, first.bus, runs, together, narrowing);
    await first.close();
    process.stdout.write(
      `a store with ${runs} runs, ${together} records a message, was written in ${((performance.now() - started) / 1000).toFixed(0)} s\n\n`,
    );
    process.stdout.write(costHeader);
    process.stdout.write(await commandCost("eval, whole journal, cold", ["eval", job], folder, times));
    const link = await linkWorkspace(paths, "coordinator");
    await writeSnapshot(link.bus, await readJournal(link.bus));
    await link.close();
    process.stdout.write(await commandCost("eval, snapshot, cold", ["eval", job], folder, times));
    const summary = ["plot", "summary", job, `--save-to=${join(folder, "summary.svg")}`];
    process.stdout.write(await commandCost("plot summary, snapshot, cold", summary, folder, times));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
