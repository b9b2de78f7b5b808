import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { verifyStore } from "../../../coordinator/cli/store/verify.ts";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { readUpTo } from "../../../shared/broker/client/read-up-to.ts";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { readSeals } from "../../../shared/broker/store/seal-file.ts";
import { SealedBus } from "../../../shared/broker/store/sealed-bus.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { type JobName, parseJobName } from "../../../shared/domain/names.ts";
import { type WorkspacePaths, workspacePaths } from "../../../shared/machine/workspace.ts";
import { type Bus, BusError } from "../../../shared/ports.ts";
import { decodeOrderAnswer, encodeOrder, type OrderAnswer } from "../../../shared/wire/messages.ts";
import { operator, streams } from "../../../shared/wire/subjects.ts";
import { atEnd, mustEnd, temporaryFolder } from "../cleanup.ts";
import { eventually, patienceMs } from "../patience.ts";
import { linkPatiently, lookPatiently } from "./patient-link.ts";
import { runOrder, writeProbeSpec } from "./probe-spec.ts";
import { WatchedJournal } from "./watched-journal.ts";

/** Messages of the journal after the first seal that this workspace's key did not seal. */
async function unsealed(bus: Bus): Promise<string[]> {
  if (!(bus instanceof SealedBus)) throw new Error("this machine has no key");
  const found: string[] = [];
  const before = bus.before?.seq ?? 0;
  await readUpTo(bus.plain, streams.journal, await bus.lastSeq(streams.journal), (message) => {
    if (message.seq > before && !bus.fits(message)) found.push(`message ${message.seq} of the journal is not sealed`);
  });
  return found;
}

const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The value of NODE_OPTIONS for programs that train. */
export const fullPriority = `--import=${new URL("./full-priority.js", import.meta.url).href}`;

/** Milliseconds between looks at a workspace: without a pause, looking would be most of a test's work. */
export const lookMs = 80;

/** An unanswered order is sent again after this many milliseconds: its leader may have died with it. */
const askMs = 10_000;

/** A process under test. */
export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it printed so far, both streams. */
  output(): string;
  exited(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A real swarm of real processes in a folder of its own: broker, coordinators, workers. */
export class Swarm {
  readonly folder: string;
  readonly paths: WorkspacePaths;
  readonly env: NodeJS.ProcessEnv;
  readonly #programs: Program[] = [];
  #count = 0;

  constructor() {
    this.folder = temporaryFolder();
    this.env = {
      ...process.env,
      NODE_OPTIONS: fullPriority,
      HOME: this.folder,
      XDG_DATA_HOME: join(this.folder, "data"),
      XDG_STATE_HOME: join(this.folder, "state"),
      XDG_CONFIG_HOME: join(this.folder, "config"),
    };
    this.paths = workspacePaths("ws1", this.env);
    atEnd(() => this.end());
  }

  run(
    program: "coordinator/main.js" | "worker/main.js" | "coordinator/cli/main.js",
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    prefix: readonly string[] = [],
  ): Program {
    const [command = process.execPath, ...words] = [...prefix, process.execPath, built(program), ...args];
    const child = spawn(command, words, {
      cwd: this.folder,
      env: { ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    mustEnd(child.pid);
    this.#count += 1;
    const file = createWriteStream(join(this.folder, `${this.#count}.out`));
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
      file.write(chunk);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once("close", (code, signal) => {
        file.end();
        resolve({ code, signal });
      });
    });
    const running: Program = { child, pid: child.pid ?? 0, output: () => output, exited: () => ended };
    this.#programs.push(running);
    return running;
  }

  /** A coordinator that leads, in the foreground of this test. */
  async coordinator(args: readonly string[] = []): Promise<Program> {
    const program = this.run("coordinator/main.js", ["--headless", "--linger", "30", "--package", "none", ...args]);
    await eventually(
      "the coordinator leads",
      () => {
        if (program.child.exitCode !== null) throw new Error(`the coordinator ended: ${program.output()}`);
        return livingEndpoint(this.paths)?.coordinator.pid === program.pid;
      },
      { seen: program.output },
    );
    return program;
  }

  /** A coordinator that stands by. */
  standby(): Program {
    return this.run("coordinator/main.js", ["--headless", "--linger", "30", "--package", "none"]);
  }

  worker(
    name: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    prefix: readonly string[] = [],
  ): Program {
    const line = livingEndpoint(this.paths)?.joinLine;
    if (line === undefined) throw new Error("no coordinator leads, so there is no join line");
    return this.run("worker/main.js", [line, "--name", name, ...args], env, prefix);
  }

  /** Writes a runspec whose one stage is Probe_Proc; `job` and `stage` are lines of YAML. */
  probeSpec(name: string, job: Record<string, unknown>, stage: Record<string, unknown> = {}): string {
    mkdirSync(this.folder, { recursive: true });
    return writeProbeSpec(this.folder, name, job, stage);
  }

  /**
   * Orders that spec to run, repeatedly until a leader answers: the order's id keeps it from being carried out twice.
   */
  async order(spec: string, timeoutMs = patienceMs): Promise<OrderAnswer> {
    const limit = performance.now() + timeoutMs;
    const link = await linkPatiently(this.paths, "operator");
    try {
      const order = encodeOrder(runOrder(spec, readSeals(this.paths)?.keys.at(-1)));
      for (;;) {
        try {
          const left = limit - performance.now();
          return decodeOrderAnswer(
            await link.bus.request(operator(operatorName()), order, Math.max(1, Math.min(left, askMs))),
          );
        } catch (error) {
          const mayPass = error instanceof BusError && /^(nobody answered|no answer in time)$/.test(error.reason);
          if (!mayPass || performance.now() >= limit) throw error;
          await delay(lookMs);
        }
      }
    } finally {
      await link.close();
    }
  }

  async submit(spec: string): Promise<JobName> {
    const answer = await this.order(spec);
    const job = parseJobName(answer.name);
    if (!answer.ok || !job) throw new Error(`not accepted: ${answer.reason}`);
    return job.name;
  }

  /** Reads and folds the whole journal. */
  state(): Promise<WorkspaceState> {
    return lookPatiently(this.paths, readJournal);
  }

  /** The last sequence of EV. */
  evidenceSeq(): Promise<number> {
    return lookPatiently(this.paths, (bus) => bus.lastSeq(streams.evidence));
  }

  async table(job: JobName): Promise<RunTable> {
    return tableIn(await this.state(), job);
  }

  /** The job's table, once the condition holds. */
  async when(what: string, job: JobName, condition: (table: RunTable) => boolean): Promise<RunTable> {
    const journal = new WatchedJournal(this.paths);
    let seen = "";
    try {
      return await eventually(
        what,
        async () => {
          const state = await journal.now();
          if (!state) return undefined;
          const table = tableIn(state, job);
          seen = tableInShort(table);
          return condition(table) ? table : undefined;
        },
        { everyMs: lookMs, seen: () => `${seen}\n${this.printed()}` },
      );
    } finally {
      await journal.close();
    }
  }

  /** Checks the store against every promise of a search, as `nexus verify` does. */
  async verify(): Promise<void> {
    const found = await lookPatiently(this.paths, async (bus) => {
      const { damage, broken, gaps, foreign } = await verifyStore(bus, undefined, "ws1");
      return [...damage, ...broken, ...gaps, ...foreign, ...(await unsealed(bus))];
    });
    assert.deepEqual(found, []);
  }

  /** Output of all its programs, for a failure's message. */
  printed(): string {
    return this.#programs.map((each) => each.output()).join("\n");
  }

  log(): string {
    return readFileSync(this.paths.coordinatorLog, "utf8");
  }

  /** Ends everything that still runs: workers first, then coordinators, so that the broker ends too. */
  async end(): Promise<void> {
    const living = this.#programs.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    for (const { child } of living) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    await Promise.all(living.map(({ exited }) => exited()));
  }
}

function tableIn({ jobs }: WorkspaceState, job: JobName): RunTable {
  const table = jobs.get(job);
  if (!table) throw new Error(`${job} is not in the journal`);
  return table;
}

/** For a failure's message. */
export function tableInShort({ state, ended, running, waiting }: RunTable): string {
  return `${state}: ${ended} ended, ${running} running, ${waiting.size} waiting`;
}

/** Checks a search that was not stopped: exactly `total` runs have ended, each once. */
export function assertExactly(table: RunTable, total: number): void {
  assert.equal(table.state, "completed");
  assert.equal(table.ended, total);
  assert.equal(table.open, 0);
  assert.equal(table.trials.length, total);
  assert.equal(table.runSets.totals.completed, table.outcomes.completed);
}
