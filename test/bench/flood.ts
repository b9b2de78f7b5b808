import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../coordinator/endpoint/endpoint.ts";
import { operatorName } from "../../shared/broker/access/credentials.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";
import { decodeOrderAnswer, encodeOrder } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import { runOrder, writeProbeSpec } from "../support/processes/probe-spec.ts";
import { watchedWorker } from "./turnaround.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Milliseconds measured before the flood, and from its start. */
const quietMs = 5000;
const floodMs = Number(process.env["FLOOD_MS"] ?? 15_000);

/**
 * Measures how long an honest worker waits for its next assignment while another worker floods the broker and is cut
 * off, and how soon a revoked worker is cut off.
 */
export async function run(kinds: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const env = { ...process.env, XDG_DATA_HOME: join(folder, "data"), XDG_STATE_HOME: join(folder, "state") };
  const paths = workspacePaths("ws1", env);
  const coordinator = spawn(process.execPath, [built("coordinator/main.js"), "--headless", "--linger", "5"], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  let flooder: ChildProcess | undefined;
  try {
    let line: string | undefined;
    while (line === undefined) {
      await pause(20);
      line = livingEndpoint(paths)?.joinLine;
    }
    mkdirSync(join(folder, "watched"), { recursive: true });
    const link = await linkWorkspace(paths, "operator");
    const spec = writeProbeSpec(folder, "bench", { total_runs: 1_000_000, hp_tuning: false }, { reports: 10 });
    const answered = await link.bus.request(operator(operatorName()), encodeOrder(runOrder(spec)), 10_000);
    const answer = decodeOrderAnswer(answered);
    if (!answer.ok) throw new Error(answer.reason);
    const watched = await watchedWorker(line, join(folder, "watched"));
    // On a busy machine its first run may take a while to begin.
    while (watched.gaps.length < 20) await pause(50);
    process.stdout.write(
      "flood       quiet p50      p95      p99 ms   flooded p50   p95      p99 ms   most   cut off after\n",
    );
    for (const kind of kinds.length > 0 ? kinds : ["asks", "evidence", "large"]) {
      watched.gaps.length = 0;
      await pause(quietMs);
      const quiet = watched.gaps.splice(0);
      const own = join(folder, kind);
      mkdirSync(own);
      // The last flooder's join line was withdrawn.
      const shown = livingEndpoint(paths)?.joinLine ?? line;
      flooder = spawn(process.execPath, [built("test/support/processes/flooder.js"), shown, own, `mal-${kind}`, kind], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      flooder.stdout?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      while (!said.includes("enrolled")) await pause(5);
      watched.gaps.length = 0;
      await pause(floodMs);
      const flooded = watched.gaps.splice(0);
      const state = await readJournal(link.bus);
      const record = [...state.workers.values()].find(({ id }) => id === `mal-${kind}`);
      const cut = said.split("\n").find((each) => each.startsWith("cut off"));
      process.stdout.write(
        `${kind.padEnd(12)}${figures(quiet)}   ${figures(flooded)}${Math.max(...flooded)
          .toFixed(0)
          .padStart(8)}   ${cut ?? "not cut off"}: ${record?.reason}\n`,
      );
      if (process.env["NEXUS_LOG"]) process.stdout.write(readFileSync(paths.coordinatorLog, "utf8").slice(-3000));
      flooder.kill("SIGKILL");
    }
    const revoked = encodeOrder({ kind: "revoke", op: "bench-revoke", worker: "bench-watched" as WorkerId });
    const orderedAt = performance.now();
    const told = link.bus.request(operator(operatorName()), revoked, 10_000);
    while (watched.isConnected()) await pause(1);
    process.stdout.write(
      `a revoked worker was cut off ${(performance.now() - orderedAt).toFixed(0)} ms after the order\n`,
    );
    await told;
    await watched.stop();
    await link.close();
  } finally {
    flooder?.kill("SIGKILL");
    coordinator.kill("SIGTERM");
    if (coordinator.exitCode === null) await once(coordinator, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

function figures(gaps: number[]): string {
  const sorted = [...gaps].sort((a, b) => a - b);
  const at = (q: number): string => (sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN).toFixed(2);
  return `${at(0.5).padStart(9)}${at(0.95).padStart(9)}${at(0.99).padStart(9)}`;
}
