import { type ChildProcess, execFileSync, type StdioOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "../../machine/process-identity.ts";

/**
 * Waits in the background for the end of file descriptor 3, a pipe whose other end this program holds: the kernel closes it
 * when this program dies. `exec` keeps the pid, so `$$` is the program that replaces the shell. A line on the pipe says that
 * the program is gone: its pid may be another's by now and must not be signalled.
 */
const script = '(read -r _ <&3 || kill -INT $$) 2>/dev/null & exec 3<&-; exec "$0" "$@"';

/** Starts a program that gets SIGINT when this process dies, even by SIGKILL. Works on any POSIX system. */
export function spawnTied(
  command: string,
  args: readonly string[],
  options: { readonly stdout: number | "ignore"; readonly stderr: number | "ignore"; readonly env: NodeJS.ProcessEnv },
): ChildProcess {
  const stdio: StdioOptions = ["ignore", options.stdout, options.stderr, "pipe"];
  const child = spawn("/bin/sh", ["-c", script, command, ...args], { stdio, env: options.env });
  const tie = child.stdio[3] as Writable;
  // When both were killed, the reader is gone already.
  tie.on("error", () => tie.destroy());
  child.once("exit", () => tie.end("gone\n"));
  return child;
}

/**
 * Ends a process, child of ours or not: with `signal`, after `graceMs` with SIGKILL. Resolves when it is dead.
 *
 * @returns whether it ended by itself, without SIGKILL
 */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, graceMs: number): Promise<boolean> {
  signalProcess(identity, signal);
  // A stopped process takes no signal but these two.
  signalProcess(identity, "SIGCONT");
  if (await isGone(identity, graceMs)) return true;
  signalProcess(identity, "SIGKILL");
  if (!(await isGone(identity, graceMs))) throw new Error(`process ${identity.pid} survived SIGKILL for ${graceMs} ms`);
  return false;
}

/** Signals a process; does nothing if it is dead, even if another has its pid now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (isAlive(identity)) {
    if (performance.now() > end) return false;
    await delay(3);
  }
  return true;
}

/** Living processes whose arguments, after the program's name, are exactly `args`. */
export function processesWith(args: readonly string[]): ProcessIdentity[] {
  const wanted = args.join(" ");
  return commandLines()
    .filter(({ argv }) => argv.slice(1).join(" ") === wanted)
    .map(({ pid }) => identify(pid))
    .filter((identity) => identity !== undefined);
}

function commandLines(): { pid: number; argv: string[] }[] {
  if (process.platform !== "linux") return commandLinesFromPs();
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), argv: commandLineOf(name) }));
}

function commandLineOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch (cause) {
    // It ended while we looked, or it is another user's.
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return [];
    throw cause;
  }
}

/** `ps` joins arguments with spaces, so one that holds a space looks like two; `processesWith` compares joined arguments too. */
function commandLinesFromPs(): { pid: number; argv: string[] }[] {
  const listing = execFileSync("ps", ["-axo", "pid=,command="], { encoding: "utf8" });
  return listing.split("\n").flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || command === undefined ? [] : [{ pid: Number(pid), argv: command.split(" ") }];
  });
}
