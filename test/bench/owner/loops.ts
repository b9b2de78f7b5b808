import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pause } from "../../../shared/time/deadline.ts";
import { cpuSeconds } from "../process-cpu.ts";
import { LentMachine } from "./lent-machine.ts";
import { medianInterval, quantile } from "./worker-processes.ts";

/** The owner's own work, in its own session as in a terminal. Prints its milliseconds, and those it waited to run. */
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

/** Times an owner's loop by turns alone and beside runs that take the rest of the processor. */
export async function loops(pairs: number, runs: number): Promise<void> {
  const machine = new LentMachine();
  try {
    await machine.lend([], runs);
    await machine.busy(runs);
    const alone: number[] = [];
    const beside: number[] = [];
    const waited = { alone: 0, beside: 0 };
    const used = { alone: new Map<string, number>(), beside: new Map<string, number>() };
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of machine.programs()) process.kill(pid, name);
    };
    ownersLoop();
    for (let i = 0; i < pairs; i += 1) {
      for (const kind of i % 2 === 0 ? (["alone", "beside"] as const) : (["beside", "alone"] as const)) {
        signal(kind === "alone" ? "SIGSTOP" : "SIGCONT");
        await pause(200);
        const before = cpuSeconds(machine.folder);
        const { ms, waitedMs } = ownersLoop();
        for (const [part, seconds] of cpuSeconds(machine.folder))
          used[kind].set(part, (used[kind].get(part) ?? 0) + seconds - (before.get(part) ?? 0));
        (kind === "alone" ? alone : beside).push(ms);
        waited[kind] += waitedMs;
      }
    }
    signal("SIGCONT");
    const groups = machine
      .programs()
      .map((pid) => readFileSync(`/proc/${pid}/autogroup`, "utf8").trim().split(" ").slice(1).join(" "));
    const ratio = quantile(beside, 0.5) / quantile(alone, 0.5);
    const quick = quantile(beside, 0.1) / quantile(alone, 0.1);
    console.log(
      `an owner's loop, ${pairs} times each by turns, ${availableParallelism()} cores, groups of the runs: ${groups.join(", ")}`,
    );
    console.log(
      `  alone:             p10 ${text(alone, 0.1)}, p50 ${text(alone, 0.5)}, waited ${share(waited.alone, alone)}`,
    );
    console.log(
      `  beside ${runs} busy runs: p10 ${text(beside, 0.1)}, p50 ${text(beside, 0.5)}, waited ${share(waited.beside, beside)}`,
    );
    for (const [part, ms] of [
      ["alone", alone],
      ["beside", beside],
    ] as const) {
      const cores = [...used[part]].filter(([, seconds]) => seconds > 0);
      const all = ms.reduce((sum, each) => sum + each, 0) / 1000;
      console.log(
        `  ${part}, ours used ${cores.map(([name, seconds]) => `${((100 * seconds) / all).toFixed(2)} % of a core (${name})`).join(", ")}`,
      );
    }
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
const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)}%`;
const share = (waitedMs: number, ms: readonly number[]): string =>
  `${((waitedMs / ms.reduce((sum, each) => sum + each, 0)) * 100).toFixed(1)} % of its time`;
