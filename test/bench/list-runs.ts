import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runsListed } from "../../coordinator/cli/list/list-runs.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { writeSnapshot } from "../../shared/broker/store/snapshots.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { job, tellSearch } from "./big-store.ts";
import { commandCost, costHeader } from "./command-cost.ts";

const words = ["list", "runs", job, "--sort=metrics.hpmax", "--last=10", "--filter=lr<=0.001"];

/**
 * Times `nexus list runs` on a store of many runs, sorted and filtered: with the whole journal to fold, and with a
 * coordinator's snapshot. Each is measured beside a running broker, and cold: a broker is started and stopped each
 * time.
 *
 * @param args  runs (100000), records in a journal message (16; a busy coordinator's have 1 to 64), times (5)
 */
export async function run(args: string[]): Promise<void> {
  const [runs = 100_000, together = 16, times = 5] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const cost = async (name: string): Promise<void> => {
    process.stdout.write(await commandCost(name, words, folder, times));
  };
  try {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
    const started = performance.now();
    const first = await linkWorkspace(paths, "coordinator", null, { makeStore: true });
    await tellSearch(paths, first.bus, runs, together);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(
      `a store with ${runs} runs, ${together} records a message, was written in ${seconds.toFixed(1)} s\n\n`,
    );
    listHere(await readJournal(first.bus), runs);
    await first.close();
    process.stdout.write(costHeader);
    for (const what of ["whole journal", "snapshot"]) {
      const link = await linkWorkspace(paths, "coordinator");
      if (what === "snapshot") await writeSnapshot(link.bus, await readJournal(link.bus));
      await cost(`list, ${what}, broker there`);
      await link.close();
      await cost(`list, ${what}, cold`);
    }
    for (const form of [[], ["--json"]]) {
      const all = ["list", "runs", job, "--all", ...form];
      process.stdout.write(await commandCost(`${all.slice(3).join(" ")}, snapshot, cold`, all, folder, times));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function listHere(state: WorkspaceState, runs: number): void {
  const list = (what: string, options: Parameters<typeof runsListed>[2]): void => {
    const started = performance.now();
    let characters = 0;
    const { results } = runsListed({ state, workspace: "ws1", flags: "" }, [job], {
      sort: "metrics.hpmax",
      ...options,
    });
    for (const part of results) characters += part.length;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${what}, the journal being folded: ${seconds} s, ${characters} characters\n`);
  };
  list("listing alone", { last: 10, filter: ["lr<=0.001"] });
  list(`listing all ${runs}`, {});
  process.stdout.write("\n");
}
