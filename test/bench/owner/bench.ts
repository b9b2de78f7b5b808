import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { pause } from "../../../shared/deadline.ts";
import { TypedTerminal } from "../../support/terminal/typed-terminal.ts";
import { LentMachine } from "./lent-machine.ts";
import { quantile, residentMb, secondsOf, stateOf } from "./worker-processes.ts";

const help = `npm run bench -- owner [options]

  --keys N     keys typed into a real pseudo-terminal, each after the last one is forgotten: 12 s each (default 20; 0: none)
  --pairs N    an owner's loop, alone and beside the runs, so many times each (default 20; 0: none)
  --idle N     seconds for which an idle worker is watched (default 60; 0: not at all)
  --runs N     runs that take all of a core each (default 4)
`;

const idleMs = 10_000;

/** What an owner feels of a busy swarm: how soon his processor is free, how long his own work takes, what an idle worker costs. */
export async function run(args: string[]): Promise<void> {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: { keys: number, pairs: number, idle: number, runs: number, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const runs = Number(values.runs ?? 4);
  console.log(`npm run bench -- owner ${args.join(" ")}\n`);
  if (Number(values.idle ?? 60) > 0) await idle(Number(values.idle ?? 60));
  if (Number(values.keys ?? 20) > 0) await keys(Number(values.keys ?? 20), runs);
  if (Number(values.pairs ?? 20) > 0) await loops(Number(values.pairs ?? 20), runs);
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

/** Key press until every process of every run stands still; last sign of use until all go on. */
async function keys(count: number, runs: number): Promise<void> {
  const machine = new LentMachine();
  const terminal = await TypedTerminal.open();
  try {
    await machine.lend(["--when-idle", "10s", "--signs", "terminals", "--yield-after", "1h"], runs);
    await machine.busy(runs);
    const stopped: number[] = [];
    const thawed: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const processes = machine.processes();
      // At any moment of the time between two looks.
      await pause(500 + Math.random() * 250);
      if (processes.some((pid) => stateOf(pid) === "T"))
        throw new Error("somebody else uses a terminal of this machine");
      const pressed = performance.now();
      await terminal.press();
      stopped.push((await when(() => processes.every((pid) => stateOf(pid) === "T"))) - pressed);
      await pause(idleMs - 1000);
      thawed.push((await when(() => processes.every((pid) => stateOf(pid) !== "T"))) - pressed - idleMs);
      await pause(1000);
    }
    const row = (name: string, ms: readonly number[]): string =>
      `${name}: p50 ${quantile(ms, 0.5).toFixed(0)} ms, p99 ${quantile(ms, 0.99).toFixed(0)} ms, most ${Math.max(...ms).toFixed(0)} ms`;
    console.log(`${count} keys, ${runs} runs with ${machine.processes().length} processes`);
    console.log(row("  key press to the last process that stands still", stopped));
    console.log(row("  idle time over to the last process that goes on", thawed));
  } finally {
    terminal.close();
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
    console.log(`  longer by ${percent(ratio)} at p50, ${percent(quick)} at p10`);
  } finally {
    await machine.end();
  }
}

const text = (ms: readonly number[], part: number): string => `${quantile(ms, part).toFixed(0)} ms`;
const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;
const share = (waitedMs: number, ms: readonly number[]): string =>
  `${((waitedMs / ms.reduce((sum, each) => sum + each, 0)) * 100).toFixed(1)} % of its time`;

/** When it holds, by the clock of `performance`. */
async function when(holds: () => boolean): Promise<number> {
  const limit = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error("not within 60 s");
    await pause(1);
  }
  return performance.now();
}
