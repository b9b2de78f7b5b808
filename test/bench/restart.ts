import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { holdBroker } from "../../shared/broker/server/server.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { writeSnapshot } from "../../shared/broker/store/snapshots.ts";
import { connectAs } from "../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { decodeAnswer, encodeAsk } from "../../shared/wire/messages.ts";
import { ask } from "../../shared/wire/subjects.ts";
import { tellSearch } from "./big-store.ts";
import { residentMegabytes } from "./process-cpu.ts";

const program = fileURLToPath(new URL("../../coordinator/main.js", import.meta.url));
const times = 3;

/**
 * Starts a coordinator beside a running broker, on a search of many finished runs. Measures the time from process start
 * to the first assignment, and memory then and after a thousand more.
 *
 * @param args  runs (100000)
 */
export async function run(args: string[]): Promise<void> {
  const runs = Number(args[0] ?? 100_000);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, "data") };
  try {
    const paths = workspacePaths("ws1", env);
    const held = await holdBroker(paths, { kind: "reader" });
    const children: ChildProcess[] = [];
    const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
    try {
      await tellSearch(paths, bus, runs, 16);
      process.stdout.write(
        `${runs} finished runs            first assignment, s (each)   resident, MB   after 1,000 more\n`,
      );
      await measure("whole journal folded");
      await writeSnapshot(bus, await readJournal(bus));
      await measure("from a snapshot");
    } finally {
      for (const child of children) if (child.exitCode === null) await ended(child);
      await bus.close();
      await held.release();
    }

    async function measure(name: string): Promise<void> {
      const seconds: number[] = [];
      let first = 0;
      let later = 0;
      for (let i = 0; i < times; i += 1) {
        const startedAt = performance.now();
        const child = spawn(process.execPath, [program, "--headless"], { env, stdio: ["ignore", "ignore", "inherit"] });
        children.push(child);
        const worker = `claimer-${name.length}-${i}` as WorkerId;
        await claim(bus, worker, "first");
        seconds.push((performance.now() - startedAt) / 1000);
        first = residentMegabytes(folder, "coordinator/main.js");
        for (let k = 0; k < 1000; k += 1) await claim(bus, worker, `${k}`);
        later = residentMegabytes(folder, "coordinator/main.js");
        await ended(child);
      }
      const median = [...seconds].sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
      process.stdout.write(
        `${name.padEnd(24)}${median.toFixed(2).padStart(10)} (${seconds.map((each) => each.toFixed(2)).join(" ")})` +
          `${first.toFixed(0).padStart(16)}${later.toFixed(0).padStart(19)}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 }); // the server is just ending
  }
}

/** Asks for a trial until one is given. */
async function claim(bus: Bus, worker: WorkerId, claimId: string): Promise<void> {
  const question = encodeAsk({
    kind: "claim",
    claimId,
    bootId: "bench",
    version: "bench",
    slots: 4096,
    lastResultSeq: 0,
    after: null,
    targets: [],
    opportunistic: false,
    noCode: false,
  });
  for (;;) {
    try {
      const answer = decodeAnswer(await bus.request(ask(worker), question, 1000));
      if (answer.kind === "assigned") return;
      throw new Error(`the coordinator answered "${answer.kind}"`);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
    await pause(10);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}
