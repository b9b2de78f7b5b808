import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { printRuns } from "../../coordinator/results/list-runs.ts";
import { readRoleSecret } from "../../shared/broker/credentials.ts";
import { readJournal } from "../../shared/broker/journal-reader.ts";
import { holdBroker } from "../../shared/broker/server.ts";
import { writeSnapshot } from "../../shared/broker/snapshots.ts";
import { connectAs } from "../../shared/broker/workspace-link.ts";
import { workspacePaths } from "../../shared/workspace.ts";
import { job, tellSearch } from "./big-store.ts";

const program = fileURLToPath(new URL("../../coordinator/results/main.js", import.meta.url));
const words = ["list", "runs", job, "--sort=metrics.hpmax", "--last=10", "--filter=lr<=0.001"];

/**
 * Times `nexus list runs` on a store of many runs, sorted and filtered: beside a broker that runs already, with the whole
 * journal to fold and with a snapshot, as a coordinator leaves one; then cold: a broker is started and stopped each time.
 *
 * @param args  runs (100000), records in a message of the journal (16: a busy coordinator's are 1 to 64), times (5)
 */
export async function run(args: string[]): Promise<void> {
  const [runs = 100_000, together = 16, times = 5] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  try {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
    const held = await holdBroker(paths, { kind: "reader" });
    const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
    try {
      const seconds = await timed(() => tellSearch(paths, bus, runs, together));
      process.stdout.write(
        `a store with ${runs} runs, ${together} records a message, was written in ${seconds.toFixed(1)} s\n\n`,
      );
      const state = await readJournal(bus);
      const started = performance.now();
      printRuns(
        state,
        "ws1",
        [job],
        { sort: "metrics.hpmax", last: 10, filter: ["lr<=0.001"] },
        { result: () => undefined, note: () => undefined },
      );
      process.stdout.write(`listing alone, the journal being folded: ${(performance.now() - started).toFixed(0)} ms\n`);
      const all = performance.now();
      printRuns(state, "ws1", [job], { sort: "metrics.hpmax" }, { result: () => undefined, note: () => undefined });
      process.stdout.write(`listing all ${runs}: ${(performance.now() - all).toFixed(0)} ms\n\n`);
      process.stdout.write("nexus list runs                  wall, s (median of all)   CPU, s   peak memory, MB\n");
      await report("whole journal, broker there", folder, times);
      await writeSnapshot(bus, state);
      await report("snapshot, broker there", folder, times);
    } finally {
      await bus.close();
      await held.release();
    }
    await report("snapshot, cold", folder, times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function report(name: string, folder: string, times: number): Promise<void> {
  const found: Measured[] = [];
  for (let i = 0; i < times; i += 1) found.push(await measured(folder));
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const wall = found.map(({ seconds }) => seconds);
  process.stdout.write(
    `${name.padEnd(30)}${median(wall).toFixed(2).padStart(8)} (${wall.map((each) => each.toFixed(2)).join(" ")})` +
      `${median(found.map(({ cpu }) => cpu))
        .toFixed(2)
        .padStart(9)}${median(found.map(({ megabytes }) => megabytes))
        .toFixed(0)
        .padStart(9)}\n`,
  );
}

interface Measured {
  readonly seconds: number;
  readonly cpu: number;
  readonly megabytes: number;
}

/** One command, in a process that says at its end what it used. */
async function measured(folder: string): Promise<Measured> {
  const said = join(folder, "used.json");
  const hook = join(folder, "hook.mjs");
  const used = "const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();";
  const text = "JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 })";
  const write = `writeFileSync(${JSON.stringify(said)}, ${text});`;
  const load = 'const { writeFileSync } = await import("node:fs");';
  writeFileSync(hook, `${load}\nprocess.on("exit", () => { ${used} ${write} });\n`);
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", hook, program, ...words], {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, "data") },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`nexus ${words.join(" ")} ended with ${code}`);
  const told = JSON.parse(readFileSync(said, "utf8")) as { cpu: number; megabytes: number };
  return { seconds, ...told };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
