import { counted } from "../shared/domain/counted.ts";
import { exitCode, signalExit } from "../shared/errors.ts";
import type { WorkerNode } from "./node/node.ts";
import { type SpotWord, watchNotices } from "./owner/notices/watch-notices.ts";

/** The grace that is left after a second signal. */
const hurriedMs = 1000;
/**
 * A SIGTERM or SIGHUP that follows sooner counts as the same one: Slurm and service managers send it to every process,
 * and a script that got it passes it on too.
 */
const sameSignalMs = 5000;

/**
 * Ctrl-C once takes no more runs, twice hands the runs back, three times ends the process. SIGTERM and SIGHUP hand them
 * back; a Ctrl-C, or another of the two after 5 s, shortens the time for that. Returns a function that gives the exit
 * code so far.
 */
export function obeySignals(node: WorkerNode, say: (line: string) => void, graceMs: number): () => number {
  let interrupts = 0;
  let exit: number = exitCode.done;
  let isHandingBack = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  const leave = (reason: string, then: string): void => {
    if (isHandingBack) {
      say(`handing the runs back within ${hurriedMs / 1000} s`);
      node.handBack(reason, hurriedMs);
      return;
    }
    isHandingBack = true;
    const { running } = node;
    if (running > 0) say(`handing ${counted(running, "run")} back, within ${graceMs / 1000} s; ${then}`);
    node.handBack(reason);
  };
  process.on("SIGINT", () => {
    interrupts += 1;
    if (interrupts === 1 && !isHandingBack) {
      const { running } = node;
      if (running === 0) say("no run in hand, taking no more");
      else say(`finishing ${counted(running, "run")}, taking no more; Ctrl-C again hands them back`);
      node.finish();
    } else if (interrupts < 3) leave("its owner stopped the worker", "Ctrl-C again kills");
    else process.exit(signalExit.SIGINT);
  });
  const handBack = (signal: string, code: number): void => {
    const now = performance.now();
    if (now - toldAt < sameSignalMs) return;
    if (!isHandingBack) exit = code;
    toldAt = now;
    leave(`the worker got ${signal}`, `a signal after ${sameSignalMs / 1000} s shortens that`);
  };
  process.on("SIGTERM", () => handBack("SIGTERM", exitCode.done));
  process.on("SIGHUP", () => handBack("SIGHUP", signalExit.SIGHUP));
  return () => exit;
}

/**
 * When the cloud takes the machine back, hands the runs back within the grace, or the time that the cloud leaves if
 * that is less.
 */
export function obeyNotices(
  ports: Parameters<typeof watchNotices>[0],
  word: SpotWord,
  node: WorkerNode,
  graceMs: number,
  say: (line: string) => void,
  address?: string,
): void {
  const leaving = (why: string, leftMs: number): void => {
    const ms = Math.min(graceMs, leftMs);
    say(`${why}: handing ${counted(node.running, "run")} back, within ${Math.round(ms / 1000)} s`);
    node.handBack(why, ms);
  };
  watchNotices(ports, word, { leaving, said: say }, address);
}
