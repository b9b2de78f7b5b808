import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../coordinator/endpoint.ts";
import { operatorName } from "../../shared/broker/credentials.ts";
import { followJournal } from "../../shared/broker/journal-reader.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import { loadSpecFile } from "../../shared/component-defaults.ts";
import { pause } from "../../shared/deadline.ts";
import { usedComponents } from "../../shared/domain/spec-read.ts";
import { decodeOrderAnswer, encodeOrder } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import { workspacePaths } from "../../shared/workspace.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const trials = 6000;

/** No-op trials with 10 reports each, by real worker and runner processes, against a broker that syncs every message. */
export async function run(args: string[]): Promise<void> {
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
    start("coordinator/main.js", "--headless");
    let line: string | undefined;
    while (line === undefined) {
      await pause(20);
      line = livingEndpoint(paths)?.joinLine;
    }
    const layouts: [workers: number, slots: number][] =
      args.length === 2
        ? [[Number(args[0]), Number(args[1])]]
        : [
            [1, 1],
            [4, 1],
            [4, 8],
          ];
    process.stdout.write("workers x slots    trials/s    result to next p50 ms    p99 ms\n");
    for (const [workers, slots] of layouts) await measure(workers, slots);

    async function measure(workers: number, slots: number): Promise<void> {
      const total = workers * slots === 1 ? trials / 4 : trials;
      const running = Array.from({ length: workers }, (_, i) =>
        start("worker/main.js", line ?? "", "--name", `bench-${i + 1}`, "--slots", String(slots), "--quiet"),
      );
      const link = await linkWorkspace(paths, "operator");
      const spec = join(folder, "noop.yaml");
      writeFileSync(spec, noop(total));
      // A first small job warms the runner processes and shows that every worker has joined.
      await job(link.bus, spec, noop(workers * slots * 10));
      const { seconds, gaps } = await job(link.bus, spec, noop(total));
      await link.close();
      gaps.sort((a, b) => a - b);
      const at = (q: number): string => (gaps[Math.floor(q * (gaps.length - 1))] ?? Number.NaN).toFixed(2);
      const rate = (total / seconds).toFixed(0);
      process.stdout.write(
        `${`${workers} x ${slots}`.padEnd(19)}${rate.padStart(8)}${at(0.5).padStart(25)}${at(0.99).padStart(10)}\n`,
      );
      await Promise.all(running.map((child) => ended(child)));
    }

    async function job(
      bus: Parameters<typeof followJournal>[0],
      file: string,
      text: string,
    ): Promise<{ seconds: number; gaps: number[] }> {
      writeFileSync(file, text);
      const { spec } = loadSpecFile(file, {});
      const order = encodeOrder({
        kind: "run",
        op: `${Math.random()}`,
        file,
        text,
        sources: usedComponents(spec),
        commandLine: {},
      });
      const answer = decodeOrderAnswer(await bus.request(operator(operatorName()), order, 10_000));
      if (!answer.ok) throw new Error(answer.reason);
      // The gap is measured where it is journalled: from a completion to the same worker's next assignment becoming known.
      const gaps: number[] = [];
      const freeSince = new Map<string, number>();
      let first = 0;
      let last = 0;
      let follower: Promise<{ stop(): Promise<void> }> | undefined;
      await new Promise<void>((resolve, reject) => {
        follower = followJournal(bus, (event) => {
          if (!("job" in event) || event.job !== answer.name) return;
          const now = performance.now();
          if (event.type === "assigned") {
            first ||= now;
            const since = freeSince.get(event.worker);
            if (since !== undefined) gaps.push(now - since);
            freeSince.delete(event.worker);
          } else if (event.type === "completed") {
            last = now;
            freeSince.set(event.worker, now);
          } else if (event.type === "job-state") resolve();
        });
        follower.catch(reject);
      });
      await (await follower)?.stop();
      return { seconds: (last - first) / 1000, gaps };
    }
  } finally {
    for (const child of children.reverse()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

const noop = (total: number): string => `component: root/Root_Component
experiment_path: results
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: dgd, total_runs: ${total}}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3, 4, 5]
      tuned_value: 2
  - name: &b
      ordered_tuning_values: [0.1, 0.2, 0.3]
      tuned_value: 0.2
processing_stages:
  - processing_stage: {component: processors/Probe_Proc, reports: 10, noise: 0.5, value: [*a, *b]}
`;
