import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { descendantsOf } from "../../shared/machine/process-tree.ts";
import { autogroupNice } from "../../worker/processes/priority/autogroup.ts";
import { linuxPriority } from "../../worker/processes/priority/linux-priority.ts";
import { reaperWords } from "../../worker/processes/reaper/reaper.ts";

/**
 * Measures how much longer an owner's loop takes while four runs are busy:
 * `npm run bench -- owner-loop [--rounds 15] [--runs 4] [--core 0]`.
 *
 * In each round, for each way of starting the runs, the loop runs once alone and once beside them; the ratio of that
 * pair counts. Other work on the machine slows both of a pair. With --core, loop and runs share one core; without it,
 * the kernel spreads them.
 */

interface Way {
  readonly name: string;
  readonly words: readonly string[];
  /** Whether each run starts its own session, and so its own scheduling group. */
  readonly ownSessions: boolean;
}

const ways: readonly Way[] = [
  { name: "no priority, own sessions", words: [], ownSessions: true },
  { name: "nice 19, one session", words: ["nice", "-n", "19"], ownSessions: false },
  { name: "nice 19, own sessions", words: ["nice", "-n", "19"], ownSessions: true },
  { name: "SCHED_IDLE alone, own sessions", words: ["chrt", "-i", "0"], ownSessions: true },
  { name: "as a worker does it", words: linuxPriority(true).words, ownSessions: true },
];

const busy = "for (let x = 0; ; x += Math.sin(x));";
/** One loop takes about 0.3 s on an idle core of 2026. */
const loop = `require("node:readline").createInterface({ input: process.stdin }).on("line", () => {
  const from = performance.now();
  let x = 0;
  for (let i = 0; i < 12_000_000; i += 1) x += Math.sin(i);
  console.log(performance.now() - from + (x > 1e300 ? 1 : 0));
});`;

export async function run(args: string[]): Promise<void> {
  const options = {
    rounds: { type: "string", default: "15" },
    runs: { type: "string", default: "4" },
    core: { type: "string" },
  } as const;
  const { rounds, runs, core } = parseArgs({ args, options }).values;
  const pinned = core === undefined ? [] : ["taskset", "-c", core];
  const owner = new OwnerLoop(pinned);
  for (let i = 0; i < 3; i += 1) await owner.once();
  const ratios = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const way of ways) {
      const alone = await owner.once();
      const started = Array.from({ length: Number(runs) }, () => startRun(way, pinned));
      await new Promise((resolve) => setTimeout(resolve, 400));
      const beside = await owner.once();
      await Promise.all(started.map(end));
      ratios.get(way.name)?.push(beside / alone);
    }
  }
  owner.end();
  const grouped = autogroupNice("self") === undefined ? "no groups by session here" : "the kernel groups by session";
  process.stdout.write(
    `${runs} busy runs, ${core === undefined ? "all cores" : `core ${core}`}, ${grouped}, ${rounds} pairs\n\n`,
  );
  process.stdout.write(`  ${"the loop beside them / alone".padEnd(34)} median  middle half\n`);
  for (const [name, all] of ratios) {
    all.sort((a, b) => a - b);
    const at = (part: number): string => (all[Math.floor(part * (all.length - 1))] ?? Number.NaN).toFixed(3);
    process.stdout.write(`  ${name.padEnd(34)} ${at(0.5).padStart(6)}  ${at(0.25)} to ${at(0.75)}\n`);
  }
  process.stdout.write(`\n  the reaper of a runner: ${reaperCost()}\n`);
}

class OwnerLoop {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(pinned: readonly string[]) {
    const [command = "", ...words] = [...pinned, process.execPath, "-e", loop];
    this.#child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"], detached: true });
    if (!this.#child.stdout) throw new Error("the owner's loop has no output");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of one loop. */
  async once(): Promise<number> {
    this.#child.stdin?.write("go\n");
    return Number((await this.#lines.next()).value);
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

function startRun({ words, ownSessions }: Way, pinned: readonly string[]): ChildProcess {
  const [command = "", ...rest] = [...words, ...pinned, process.execPath, "-e", busy];
  return spawn(command, rest, { stdio: "ignore", detached: ownSessions });
}

async function end(run: ChildProcess): Promise<void> {
  const ended = once(run, "exit");
  for (const pid of descendantsOf(run.pid ?? 0)) process.kill(pid, "SIGKILL");
  run.kill("SIGKILL");
  await ended;
}

function reaperCost(): string {
  const reaper = reaperWords();
  if (!reaper) return "there is none here";
  const median = (words: readonly string[]): number => {
    const [command = "", ...rest] = [...words, "/bin/true"];
    const all = Array.from({ length: 41 }, () => {
      const from = performance.now();
      spawnSync(command, rest, { stdio: "ignore" });
      return performance.now() - from;
    });
    return all.sort((a, b) => a - b)[20] ?? Number.NaN;
  };
  return `${(median(reaper) - median([])).toFixed(1)} ms more to start (median of 41)`;
}
