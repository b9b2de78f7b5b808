import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import { holdBroker } from "../../shared/broker/server/server.ts";
import { connectAs } from "../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import type { Bus } from "../../shared/ports.ts";
import { encodeEvidence, type ReportRow } from "../../shared/wire/messages.ts";
import { evidence, streams } from "../../shared/wire/subjects.ts";
import { job, tellSearch } from "./big-store.ts";

const nexus = fileURLToPath(new URL("../../coordinator/cli/main.js", import.meta.url));
const times = 3;
const together = 1000;
const reports = 10;

/**
 * Times `nexus backup` and `nexus restore` as whole commands on the store of a finished search. The broker already
 * runs, as it does beside a coordinator. Each run has ten reports of three metrics, and a console of a kilobyte.
 *
 * @param args  runs (100000)
 */
export async function run(args: string[]): Promise<void> {
  const runs = Number(args[0] ?? 100_000);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, "data") };
  const timed = (...words: string[]): number => {
    const startedAt = performance.now();
    execFileSync(process.execPath, [nexus, ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
    return (performance.now() - startedAt) / 1000;
  };
  try {
    const paths = workspacePaths("ws1", env);
    const held = await holdBroker(paths, { kind: "reader" });
    const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
    try {
      await tellSearch(paths, bus, runs, 16);
      await tellEvidence(bus, runs);
      for (const stream of [streams.journal, streams.evidence]) {
        const state = (await streamInfo(bus, stream))?.state;
        process.stdout.write(`${stream}: ${state?.messages} messages, ${megabytes(state?.bytes ?? 0)} MB\n`);
      }
      const took = { backup: [] as number[], restore: [] as number[] };
      for (let i = 0; i < times; i += 1) {
        const file = join(folder, `${i}.nexus`);
        took.backup.push(timed("backup", file));
        took.restore.push(timed("--workspace", `copy${i}`, "restore", file));
        if (i === 0) process.stdout.write(`the file: ${megabytes(statSync(file).size)} MB\n`);
      }
      for (const [verb, seconds] of Object.entries(took))
        process.stdout.write(`nexus ${verb}, s: ${seconds.map((each) => each.toFixed(1)).join(", ")}\n`);
    } finally {
      await bus.close();
      await held.release();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tellEvidence(bus: Bus, runs: number): Promise<void> {
  let waiting: Promise<unknown>[] = [];
  for (let n = 1; n <= runs; n += 1) {
    const rows: ReportRow[] = Array.from({ length: reports }, (_, i) => [
      1,
      1000 * (i + 1),
      i / 100,
      [Math.random(), Math.random(), Math.random()],
      [1000, 1000, 1000],
    ]);
    const console = `${n}: ${Math.random()}\n`.repeat(40).slice(0, 1000);
    const body = { attempt: 1, reports: rows, hpmax: 0.5, iters: 10_000, metrics: { "s1-rew": 0.5 }, console };
    const subject = evidence(`node-${n % 100}` as WorkerId, job, n, "result");
    waiting.push(bus.store(subject, encodeEvidence(body), { msgId: `result.${n}`, timeoutMs: 120_000 }));
    if (waiting.length < together) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
