import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../coordinator/endpoint/endpoint.ts";
import { joiningOf } from "../../coordinator/endpoint/join-lines.ts";
import { operatorName, readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { newUserPair } from "../../shared/broker/nkey.ts";
import { probeAnyPort } from "../../shared/broker/server/listen.ts";
import { holdBroker } from "../../shared/broker/server/server.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import { connectAs, linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { type WorkspacePaths, workspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";
import { decodeOrderAnswer, encodeEvents, encodeOrder } from "../../shared/wire/messages.ts";
import { journalBatch, operator } from "../../shared/wire/subjects.ts";
import { runOrder, writeProbeSpec } from "../support/processes/probe-spec.ts";
import type { IdleWorkers } from "./idle-workers.ts";
import { quantile } from "./owner/worker-processes.ts";
import { allCpuSeconds, cpuSeconds, residentMegabytes } from "./process-cpu.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const together = 16;

/**
 * Measures the cost of waiting workers over TLS, one and a thousand, and how soon a new machine starts its first run
 * after the pasted command begins.
 *
 * @param args  `[one or many] [workers [seconds]]` or `join [machines]`; defaults: all three, 1000, 60 and 20
 */
export async function run(args: string[]): Promise<void> {
  const only = args.find((word) => /^[a-z]/.test(word));
  const numbers = args.filter((word) => word !== only).map(Number);
  const [workers = 1000, seconds = 60] = numbers;
  const wants = (what: string): boolean => only === undefined || only === what;
  if (wants("join")) await inFolder((folder) => measureJoins(folder, numbers[0] ?? 20));
  if (wants("one")) await inFolder((folder) => measureOne(folder, seconds));
  if (wants("many")) await inFolder((folder) => measureMany(folder, workers, seconds));
}

async function inFolder(measure: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  try {
    await measure(folder);
  } finally {
    await Promise.all(children.splice(0).reverse().map(ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

const children: ChildProcess[] = [];

const environmentOf = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: folder,
  XDG_DATA_HOME: join(folder, "data"),
  XDG_STATE_HOME: join(folder, "state"),
  XDG_CACHE_HOME: join(folder, "cache"),
});

function start(folder: string, program: string, ...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [built(program), ...words], {
    env: environmentOf(folder),
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** Starts a coordinator whose broker speaks TLS on all addresses. */
async function coordinator(folder: string): Promise<WorkspacePaths> {
  const probe = await probeAnyPort("0.0.0.0");
  if (!probe.free) throw new Error(`no port is free: ${probe.code}`);
  const paths = workspacePaths("ws1", environmentOf(folder));
  start(folder, "coordinator/main.js", "--headless", "--listen", `0.0.0.0:${probe.port}`).stdout?.resume();
  while (!livingEndpoint(paths)) await pause(20);
  return paths;
}

/** Each join is from a new machine: it has no key and, for the second way, no package. */
async function measureJoins(folder: string, joins: number): Promise<void> {
  const paths = await coordinator(folder);
  const { joinLine = "" } = livingEndpoint(paths) ?? {};
  const bootstrap = joiningOf(paths)?.bootstrap?.node ?? "";
  const link = await linkWorkspace(paths, "operator");
  const spec = writeProbeSpec(folder, "first", { hp_tuning: "random", total_runs: 100_000 }, { seconds: 1 });
  const answer = decodeOrderAnswer(
    await link.bus.request(operator(operatorName()), encodeOrder(runOrder(spec)), 10_000),
  );
  if (!answer.ok) throw new Error(answer.reason);
  await link.close();
  for (const [way, words] of [
    ["nexus-worker LINE", [process.execPath, built("worker/main.js"), joinLine]],
    ["the pasted line, nothing there before", ["sh", "-c", `${bootstrap} "$@"`, "sh"]],
  ] as const) {
    const times: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i < joins; i += 1) {
      const own = join(folder, `${way.length}-${i}`);
      mkdirSync(own);
      const [command = "", ...rest] = words;
      const startedAt = performance.now();
      const child = spawn(command, [...rest, "--slots", "1", "--name", `j-${way.length}-${i}`], {
        env: environmentOf(own),
        stdio: ["ignore", "pipe", "inherit"],
        detached: true,
      });
      let output = "";
      child.stdout.on("data", (bytes: Buffer) => {
        output += bytes.toString();
      });
      while (!/ started/.test(output)) await pause(5);
      times.push((performance.now() - startedAt) / 1000);
      cpu.push(allCpuSeconds(own));
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      await once(child, "exit");
    }
    const at = (part: number): string => quantile(times, part).toFixed(2);
    process.stdout.write(
      `${`${way}:`.padEnd(42)}first run after ${at(0.5)} s (${at(0)} to ${at(1)}, middle half ${at(0.25)} to ${at(0.75)}, ` +
        `${joins} machines), ${quantile(cpu, 0.5).toFixed(2)} s of CPU on the machine that joins\n`,
    );
  }
}

async function measureOne(folder: string, seconds: number): Promise<void> {
  const paths = await coordinator(folder);
  const { joinLine = "" } = livingEndpoint(paths) ?? {};
  const worker = start(folder, "worker/main.js", joinLine, "--slots", "2");
  let output = "";
  worker.stdout?.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  while (!output.includes("waiting")) await pause(50);
  await pause(10_000);
  const cpu = await spent(folder, seconds);
  process.stdout.write(
    `one idle worker: ${percent(cpu.get("workers"))} of a core, ${residentMegabytes(folder, "worker/main.js").toFixed(0)} MB\n`,
  );
}

async function measureMany(folder: string, count: number, seconds: number): Promise<void> {
  const workers = await enrolled(folder, count);
  await coordinator(folder);
  const paths = workspacePaths("ws1", environmentOf(folder));
  const url = livingEndpoint(paths)?.url ?? "";
  const file = join(folder, "workers.json");
  writeFileSync(file, JSON.stringify({ url, folder: join(folder, "many"), workers } satisfies IdleWorkers));
  mkdirSync(join(folder, "many"));
  const all = start(folder, "test/bench/idle-workers.js", file);
  let output = "";
  all.stdout?.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  while (!output.includes("idle")) {
    if (all.exitCode !== null) throw new Error("the workers ended");
    await pause(100);
  }
  // In 30 s each worker asks once more.
  await pause(30_000);
  const cpu = await spent(folder, seconds);
  const [broker, leader] = ["nats-server", "coordinator/main.js"].map((program) => resident(folder, program));
  process.stdout.write(
    `${count} idle workers over ${url.split(":")[0]}: broker ${percent(cpu.get("nats-server"))} of a core, ${broker?.toFixed(0)} MB; ` +
      `coordinator ${percent(cpu.get("coordinator"))}, ${leader?.toFixed(0)} MB; together ` +
      `${percent((cpu.get("nats-server") ?? 0) + (cpu.get("coordinator") ?? 0))}, ${((broker ?? 0) + (leader ?? 0)).toFixed(0)} MB\n`,
  );
}

/** Writes the workers' enrolments as a coordinator would: it admits only 120 machines a minute. */
async function enrolled(folder: string, count: number): Promise<IdleWorkers["workers"]> {
  const paths = workspacePaths("ws1", environmentOf(folder));
  const held = await holdBroker(paths, { kind: "reader" });
  const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
  const made = Array.from({ length: count }, (_, i) => ({ worker: `idle-${i + 1}` as WorkerId, ...newUserPair() }));
  try {
    await ensureStreams(bus, paths.store, 1);
    for (let from = 0; from < count; from += together) {
      const events = made.slice(from, from + together).map(
        ({ worker, publicKey }): JournalEvent => ({
          type: "worker-enrolled",
          at: Date.now(),
          worker,
          publicKey,
          host: "bench",
          op: `op-${worker}`,
        }),
      );
      await bus.store(journalBatch, encodeEvents(events), { msgId: `1.bench.${from}`, timeoutMs: 60_000 });
    }
  } finally {
    await bus.close();
    await held.release();
  }
  return made.map(({ worker, seed }) => ({ worker, nkeySeed: seed }));
}

/** CPU seconds per second over `seconds`, by kind of process. */
async function spent(folder: string, seconds: number): Promise<Map<string, number>> {
  const before = cpuSeconds(folder);
  const began = performance.now();
  await pause(seconds * 1000);
  const passed = (performance.now() - began) / 1000;
  return new Map([...cpuSeconds(folder)].map(([kind, cpu]) => [kind, (cpu - (before.get(kind) ?? 0)) / passed]));
}

const percent = (share = Number.NaN): string => `${(100 * share).toFixed(2)}%`;

/** Resident megabytes of all processes with `program` in their command line, such as a broker and its guard. */
function resident(mark: string, program: string): number {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .reduce((sum, pid) => {
      try {
        const isOurs =
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark) &&
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program);
        const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(isOurs ? readFileSync(`/proc/${pid}/status`, "utf8") : "")?.[1];
        return sum + Number(kilobytes ?? 0) / 1024;
      } catch {
        return sum; // the process has ended
      }
    }, 0);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
