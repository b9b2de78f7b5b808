import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { pause } from "../../../shared/deadline.ts";
import { childrenOf } from "../../../shared/machine/process-tree.ts";
import { TypedTerminal } from "../../support/terminal/typed-terminal.ts";
import { LentMachine } from "./lent-machine.ts";
import { medianInterval, quantile, residentMb, secondsOf, stateOf } from "./worker-processes.ts";

const help = `npm run bench -- owner [options]

  --keys N     how often it is measured how soon a worker's run stands still after a key at a real pseudo-terminal: four workers
               notice each key on their own, so 200 take 10 minutes (default 200; 0: none)
  --loads N    the same after a program that is not ours begins to burn a core (default 100; 0: none); only on a machine that nobody
               else uses
  --pairs N    an owner's loop, alone and beside the runs, so many times each (default 60; 0: none)
  --idle N     seconds for which an idle worker is watched (default 60; 0: not at all)
  --runs N     runs that take all of a core each beside the owner's loop (default 4)
`;

const idleMs = 10_000;
/** All workers go on so much later only where somebody else has given a sign of use meanwhile. */
const disturbedMs = 2000;
/** Each has one run, and looks for signs at its own moments. */
const watching = 4;

/** What an owner feels of a busy swarm: how soon his processor is free, how long his own work takes, what an idle worker costs. */
export async function run(args: string[]): Promise<void> {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      keys: number,
      loads: number,
      pairs: number,
      idle: number,
      runs: number,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  console.log(`npm run bench -- owner ${args.join(" ")}\n`);
  if (Number(values.idle ?? 60) > 0) await idle(Number(values.idle ?? 60));
  if (Number(values.keys ?? 200) > 0) await keys(Number(values.keys ?? 200));
  if (Number(values.loads ?? 100) > 0) await loads(Number(values.loads ?? 100));
  if (Number(values.pairs ?? 60) > 0) await loops(Number(values.pairs ?? 60), Number(values.runs ?? 4));
}

/** An idle worker with all signs of use watched: no run, no job. */
async function idle(seconds: number): Promise<void> {
  for (const flags of [[], ["--when-idle", "--on-battery", "never", "--hours", "00:00-24:00"]]) {
    const machine = new LentMachine();
    try {
      const pid = await machine.lend(flags, 4);
      await pause(15_000); // it has joined, and what started it is collected
      const before = secondsOf(pid);
      const at = performance.now();
      await pause(seconds * 1000);
      const used = (secondsOf(pid) - before) / ((performance.now() - at) / 1000);
      const name = flags.length === 0 ? "idle worker without rules" : `idle worker, ${flags.join(" ")}`;
      console.log(
        `${name}: ${(used * 100).toFixed(3)} % of a core, ${residentMb(pid).toFixed(0)} MB, over ${seconds} s`,
      );
    } finally {
      await machine.end();
    }
  }
}

/** Key press until all processes of a worker's run stand still; last sign of use until they go on. */
async function keys(count: number): Promise<void> {
  const terminal = await TypedTerminal.open();
  try {
    await signs("terminals", count, "a key is pressed", async () => {
      await terminal.press();
      return () => performance.now();
    });
  } finally {
    terminal.close();
  }
}

/** Burns a core, for a minute at most. */
const foreign = `console.log("begun"); for (const until = Date.now() + 60_000; Date.now() < until; );`;

/** The same for a program of somebody else's that begins to work, and ends. */
async function loads(count: number): Promise<void> {
  await signs("cpu", count, "another program burns a core", async () => {
    const child = spawn("setsid", ["--wait", process.execPath, "-e", foreign], { stdio: ["ignore", "pipe", "ignore"] });
    await once(child.stdout, "data");
    const pid = childrenOf(child.pid ?? 0)[0] ?? child.pid ?? 0;
    return () => {
      process.kill(pid, "SIGKILL");
      return performance.now();
    };
  });
}

/**
 * How soon runs stand still after a sign of use, and go on after the idle time.
 *
 * @param begin  gives the sign; what it returns ends it, and tells when that was
 */
async function signs(name: string, count: number, what: string, begin: () => Promise<() => number>): Promise<void> {
  const machine = new LentMachine();
  const stands = (pids: readonly number[]): boolean => pids.every((pid) => stateOf(pid) === "T");
  const isMoving = (pids: readonly number[]): boolean => pids.every((pid) => stateOf(pid) !== "T");
  const stopped: number[] = [];
  const thawed: number[] = [];
  try {
    await machine.lend(["--when-idle", "10s", "--signs", name, "--yield-after", "1h"], 1, watching);
    await machine.busy(watching);
    while (stopped.length < count) {
      const each = machine.workers.map((worker) => machine.processes([worker]));
      // At any moment of the time between two looks.
      await pause(500);
      if ((await when([() => each.every(isMoving)])).some(Number.isNaN)) {
        console.log(`somebody else uses this machine: signs of ${name} were measured ${stopped.length} times`);
        break;
      }
      // Others have signs of their own: their moments do not count.
      await pause(Math.random() * 250);
      const at = performance.now();
      const end = await begin();
      const told = name === "cpu" ? performance.now() : at;
      stopped.push(...measured(await when(each.map((pids) => () => stands(pids))), told));
      const over = name === "cpu" ? end() : told;
      await pause(idleMs - 1000);
      const thaws = measured(await when(each.map((pids) => () => isMoving(pids))), over + idleMs);
      // After somebody else's key all go on later, at once.
      if (thaws.some((ms) => ms < disturbedMs)) thawed.push(...thaws);
      await pause(500);
    }
    const row = (ms: readonly number[]): string =>
      `p50 ${quantile(ms, 0.5).toFixed(0)} ms, p99 ${quantile(ms, 0.99).toFixed(0)} ms, most ${Math.max(...ms).toFixed(0)} ms`;
    if (stopped.length === 0) return;
    console.log(`${stopped.length} times, ${watching} workers with a run each, load ${loadavg()[0]?.toFixed(0)}`);
    console.log(`  ${what}, to the last process of a run that stands still: ${row(stopped)}`);
    console.log(`  the idle time is over, to the last process of a run that goes on: ${row(thawed)}`);
  } finally {
    await machine.end();
  }
}

/** The owner's own work, in a session of its own as in a terminal of his: milliseconds, and for how many it waited for a processor. */
const loop = `
const { readFileSync } = require("node:fs");
const waited = () => Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
const work = (n) => { let x = 1; for (let i = 0; i < n; i += 1) x = Math.sqrt(x + i); return x; };
work(3e7);
const [at, before] = [performance.now(), waited()];
work(2e8);
console.log((performance.now() - at) + " " + (waited() - before));`;

function ownersLoop(): { readonly ms: number; readonly waitedMs: number } {
  const answer = execFileSync("setsid", ["--wait", process.execPath, "-e", loop], { encoding: "utf8" });
  const [ms = 0, waitedMs = 0] = answer.split(" ").map(Number);
  return { ms, waitedMs };
}

/** An owner's loop alone, and beside runs that take all that is left, by turns. */
async function loops(pairs: number, runs: number): Promise<void> {
  const machine = new LentMachine();
  try {
    await machine.lend([], runs);
    await machine.busy(runs);
    const alone: number[] = [];
    const beside: number[] = [];
    const waited = { alone: 0, beside: 0 };
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of machine.programs()) process.kill(pid, name);
    };
    ownersLoop();
    for (let i = 0; i < pairs; i += 1) {
      for (const kind of i % 2 === 0 ? (["alone", "beside"] as const) : (["beside", "alone"] as const)) {
        signal(kind === "alone" ? "SIGSTOP" : "SIGCONT");
        await pause(200);
        const { ms, waitedMs } = ownersLoop();
        (kind === "alone" ? alone : beside).push(ms);
        waited[kind] += waitedMs;
      }
    }
    signal("SIGCONT");
    const [program = 0] = machine.programs();
    const group = readFileSync(`/proc/${program}/autogroup`, "utf8").trim();
    const ratio = quantile(beside, 0.5) / quantile(alone, 0.5);
    const quick = quantile(beside, 0.1) / quantile(alone, 0.1);
    console.log(`an owner's loop, ${pairs} times each by turns, ${availableParallelism()} cores, runs in ${group}`);
    console.log(
      `  alone:             p10 ${text(alone, 0.1)}, p50 ${text(alone, 0.5)}, waited ${share(waited.alone, alone)}`,
    );
    console.log(
      `  beside ${runs} busy runs: p10 ${text(beside, 0.1)}, p50 ${text(beside, 0.5)}, waited ${share(waited.beside, beside)}`,
    );
    const pairwise = beside.map((ms, i) => ms / (alone[i] ?? Number.NaN));
    const [low, high] = medianInterval(pairwise);
    console.log(`  longer by ${percent(ratio)} at p50, ${percent(quick)} at p10`);
    console.log(
      `  pair by pair: ${percent(quantile(pairwise, 0.5))} at p50, which lies between ${percent(low)} and ${percent(high)} (19 times of 20)`,
    );
  } finally {
    await machine.end();
  }
}

const text = (ms: readonly number[], part: number): string => `${quantile(ms, part).toFixed(0)} ms`;
const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;
const share = (waitedMs: number, ms: readonly number[]): string =>
  `${((waitedMs / ms.reduce((sum, each) => sum + each, 0)) * 100).toFixed(1)} % of its time`;

/** When each of them first held, by the clock of `performance`; NaN: not within two minutes. */
async function when(all: readonly (() => boolean)[]): Promise<number[]> {
  const limit = performance.now() + 120_000;
  const found = all.map(() => Number.NaN);
  while (found.some(Number.isNaN) && performance.now() < limit) {
    for (const [i, holds] of all.entries()) if (Number.isNaN(found[i]) && holds()) found[i] = performance.now();
    await pause(1);
  }
  return found;
}

const measured = (moments: readonly number[], from: number): number[] =>
  moments.filter((ms) => !Number.isNaN(ms)).map((ms) => ms - from);
