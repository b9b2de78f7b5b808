import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { childrenOf } from "../../../shared/machine/process-tree.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { TypedTerminal } from "../../support/terminal/typed-terminal.ts";
import { LentMachine } from "./lent-machine.ts";
import { coresUsed, quantile, stateOf } from "./worker-processes.ts";

const idleMs = 10_000;
/** If all workers resume at least this many milliseconds late, somebody else gave a sign of use meanwhile. */
const disturbedMs = 2000;
/** Number of workers. Each has one run and looks for signs at its own times. */
const watching = 4;
/** Milliseconds to wait for runs to move despite other signs of use, and for a run to stand still. */
const calmMs = 60_000;
const noticeMs = 20_000;

/**
 * Times from a key press until all processes of a worker's run stand still, and from the last sign until they go on.
 */
export async function keys(count: number): Promise<void> {
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

/** The same for another program that starts to work, and ends. */
export async function loads(count: number): Promise<void> {
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
 * Measures how soon runs stand still after a sign of use, and go on after the idle time.
 *
 * @param begin  starts the sign; the returned function ends it and returns when, by the clock of `performance`
 */
async function signs(name: string, count: number, what: string, begin: () => Promise<() => number>): Promise<void> {
  const machine = new LentMachine();
  const stands = (pids: readonly number[]): boolean => pids.every((pid) => stateOf(pid) === "T");
  const isMoving = (pids: readonly number[]): boolean => pids.every((pid) => stateOf(pid) !== "T");
  const stopped: number[] = [];
  const thawed: number[] = [];
  let unnoticed = 0;
  let disturbed = 0;
  try {
    await machine.lend(["--when-idle", "10s", "--signs", name, "--yield-after", "1h"], 1, watching);
    await machine.busy(watching);
    while (stopped.length + unnoticed < count) {
      const each = machine.workers.map((worker) => machine.processes([worker]));
      // Others may give signs too: a round starts only once all runs move.
      await pause(500);
      if ((await when([() => each.every(isMoving)], calmMs)).some(Number.isNaN)) {
        console.log(`given up: for ${calmMs / 1000} s not all runs were lent a processor; last the workers said`);
        console.log(machine.said());
        console.log(`  programs of usual priority use ${(await coresUsed(2000)).toFixed(2)} cores, ours among them`);
        break;
      }
      // A random moment between the workers' looks.
      await pause(Math.random() * 250);
      const at = performance.now();
      const end = await begin();
      const told = name === "cpu" ? performance.now() : at;
      const stops = measured(
        await when(
          each.map((pids) => () => stands(pids)),
          noticeMs,
        ),
        told,
      );
      stopped.push(...stops);
      unnoticed += watching - stops.length;
      const over = name === "cpu" ? end() : told;
      await pause(over + idleMs - 1000 - performance.now());
      const thaws = measured(
        await when(
          each.map((pids) => () => isMoving(pids)),
          calmMs,
        ),
        over + idleMs,
      );
      // If somebody else gave a sign, all workers resume late: such a round does not count.
      if (thaws.some((ms) => ms < disturbedMs)) thawed.push(...thaws);
      else disturbed += 1;
      await pause(500);
    }
    const row = (ms: readonly number[]): string =>
      ms.length === 0
        ? "not measured"
        : `p50 ${quantile(ms, 0.5).toFixed(0)} ms, p99 ${quantile(ms, 0.99).toFixed(0)} ms, most ${Math.max(...ms).toFixed(0)} ms`;
    console.log(
      `signs of ${name}: ${stopped.length} times, ${watching} workers with a run each, load ${loadavg()[0]?.toFixed(0)}`,
    );
    console.log(`  ${what}, to the last process of a run that stands still: ${row(stopped)}`);
    if (unnoticed > 0) console.log(`  ${unnoticed} times a run went on for ${noticeMs / 1000} s all the same`);
    console.log(`  the idle time is over, to the last process of a run that goes on: ${row(thawed)}`);
    if (disturbed > 0) console.log(`  ${disturbed} times somebody else gave a sign meanwhile, which does not count`);
  } finally {
    await machine.end();
  }
}

/** When each condition first held, by the clock of `performance`; NaN: not in time. @param patienceMs  milliseconds */
async function when(all: readonly (() => boolean)[], patienceMs: number): Promise<number[]> {
  const limit = performance.now() + patienceMs;
  const found = all.map(() => Number.NaN);
  while (found.some(Number.isNaN) && performance.now() < limit) {
    for (const [i, holds] of all.entries()) if (Number.isNaN(found[i]) && holds()) found[i] = performance.now();
    await pause(1);
  }
  return found;
}

const measured = (moments: readonly number[], from: number): number[] =>
  moments.filter((ms) => !Number.isNaN(ms)).map((ms) => ms - from);
