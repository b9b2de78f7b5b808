import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../coordinator/endpoint/endpoint.ts";
import { operatorName } from "../../shared/broker/access/credentials.ts";
import { probeAnyPort } from "../../shared/broker/server/listen.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import type { Bus } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { decodeOrderAnswer, encodeOrder } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import { runOrder, writeProbeSpec } from "../support/processes/probe-spec.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { watchedWorker } from "./turnaround.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const usualTrials = 16_000;

/**
 * Measures no-op trials with 10 reports each in real worker and runner processes, against a broker that syncs every
 * message.
 *
 * @param typed  `[workers slots [trials]] [--tls]`; with `--tls` the broker listens on all addresses, and so uses TLS
 */
export async function run(typed: string[]): Promise<void> {
  const args = typed.filter((word) => word !== "--tls");
  const trials = Number(args[2] ?? usualTrials);
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const env = { ...process.env, XDG_DATA_HOME: join(folder, "data"), XDG_STATE_HOME: join(folder, "state") };
  const paths = workspacePaths("ws1", env);
  const children: ChildProcess[] = [];
  const start = (program: string, ...rest: string[]): ChildProcess => {
    const child = spawn(process.execPath, [built(program), ...rest], { env, stdio: ["ignore", "ignore", "inherit"] });
    children.push(child);
    return child;
  };
  try {
    const listen = typed.includes("--tls") ? ["--listen", `0.0.0.0:${await freePort()}`] : [];
    start("coordinator/main.js", "--headless", ...listen);
    let line: string | undefined;
    while (line === undefined) {
      await pause(20);
      line = livingEndpoint(paths)?.joinLine;
    }
    const layouts: [workers: number, slots: number][] =
      args.length >= 2
        ? [[Number(args[0]), Number(args[1])]]
        : [
            [1, 1],
            [4, 1],
            [4, 8],
          ];
    process.stdout.write("workers x slots    trials/s    CPU ms/trial  (of which)\n");
    for (const [workers, slots] of layouts) await measure(workers, slots);
    if (args.length === 0) await measureTurnaround();

    async function measureTurnaround(): Promise<void> {
      mkdirSync(join(folder, "watched"), { recursive: true });
      const worker = await watchedWorker(line ?? "", join(folder, "watched"));
      const link = await linkWorkspace(paths, "operator");
      await job(link.bus, 300);
      worker.gaps.length = 0;
      await job(link.bus, 2000);
      await link.close();
      await worker.stop();
      const gaps = worker.gaps.sort((a, b) => a - b);
      const at = (q: number): string => (gaps[Math.floor(q * (gaps.length - 1))] ?? Number.NaN).toFixed(2);
      process.stdout.write(
        `one worker, one slot: result published to next assignment received, ${gaps.length} times: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
      );
    }

    async function measure(workers: number, slots: number): Promise<void> {
      const total = workers * slots === 1 ? trials / 8 : trials;
      const running = Array.from({ length: workers }, (_, i) =>
        start("worker/main.js", line ?? "", "--name", `bench-${i + 1}`, "--slots", String(slots), "--quiet"),
      );
      const link = await linkWorkspace(paths, "operator");
      // A first small job warms the runner processes and shows that every worker has joined.
      await job(link.bus, workers * slots * 20);
      const before = cpuSeconds(folder);
      const seconds = await job(link.bus, total);
      const after = cpuSeconds(folder);
      await link.close();
      const parts = [...after].map(([kind, cpu]) => ({ kind, ms: (1000 * (cpu - (before.get(kind) ?? 0))) / total }));
      const sum = parts.reduce((all, { ms }) => all + ms, 0);
      const each = parts.map(({ kind, ms }) => `${kind} ${ms.toFixed(2)}`).join(", ");
      process.stdout.write(
        `${`${workers} x ${slots}`.padEnd(17)}${(total / seconds).toFixed(0).padStart(10)}${sum.toFixed(2).padStart(14)}  (${each})\n`,
      );
      await Promise.all(running.map((child) => ended(child)));
    }

    /** Seconds from the job's first assignment to its last completion, as the journal has them. */
    async function job(bus: Bus, total: number): Promise<number> {
      const settings = { hp_tuning: "dgd", total_runs: total };
      const order = encodeOrder(runOrder(writeProbeSpec(folder, "noop", settings, { reports: 10 })));
      const answer = decodeOrderAnswer(await bus.request(operator(operatorName()), order, 10_000));
      if (!answer.ok) throw new Error(answer.reason);
      for (;;) {
        await pause(500);
        const answered = await bus.request(
          operator(operatorName()),
          encodeOrder({ kind: "release", op: `${Math.random()}`, job: answer.name as JobName }),
          10_000,
        );
        // The leader refuses the release and names the job's state: a poll that costs the swarm nothing.
        if (decodeOrderAnswer(answered).reason.includes("it is completed")) break;
      }
      const table = (await readJournal(bus)).jobs.get(answer.name as JobName);
      const times =
        [...(table?.trials ?? [])].map(({ attempts, endedAt }) => [attempts[0]?.at ?? Number.NaN, endedAt] as const) ??
        [];
      if (times.length === 0) throw new Error(`${answer.name} has no trials`);
      return (Math.max(...times.map(([, end]) => end)) - Math.min(...times.map(([begin]) => begin))) / 1000;
    }
  } finally {
    for (const child of children.reverse()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = await probeAnyPort("0.0.0.0");
  if (!probe.free) throw new Error(`no port is free: ${probe.code}`);
  return probe.port;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}
