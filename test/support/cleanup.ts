import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { type ListedProcess, processesNaming } from "./process-list.ts";

/**
 * Importing this makes a test file fail when it leaves something behind: a process that it registered, any process whose
 * command line names one of its folders (grandchildren included), or a folder that cannot be removed.
 */
const folders: string[] = [];
const processes = new Map<string, ProcessIdentity>();
const actions: (() => unknown)[] = [];

/** A new folder, removed at the end of the test file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nexus-test-")));
  folders.push(folder);
  return folder;
}

/** Registers a process that must be gone at the end of the test file. */
export function mustEnd(pid: number | undefined): void {
  const identity = pid === undefined ? undefined : identify(pid);
  if (identity) processes.set(`${identity.pid} ${identity.startTime}`, identity);
}

/** Registers an action for the end of the test file. Actions run last first, before anything is checked. */
export function atEnd(action: () => unknown): void {
  actions.push(action);
}

/** Milliseconds between looks; each look reads the command line of every process on this machine. */
const lookMs = 50;

after(async () => {
  const problems: string[] = [];
  for (const action of actions.reverse()) {
    try {
      await action();
    } catch (error) {
      problems.push(`cleaning up failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  // Processes that were just told to end may need a moment.
  const limit = performance.now() + 60_000;
  while (leftProcesses().length > 0 && performance.now() < limit) await delay(lookMs);
  for (const { pid, command } of leftProcesses()) {
    problems.push(`process ${pid} is left: ${command}`);
    process.kill(pid, "SIGKILL");
  }
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (existsSync(folder)) problems.push(`folder ${folder} is left`);
  }
  if (problems.length > 0) throw new Error(`this test file left something behind:\n${problems.join("\n")}`);
});

function leftProcesses(): ListedProcess[] {
  const registered = [...processes.values()].filter(isAlive).map(({ pid }) => ({ pid, command: "(registered)" }));
  return [...registered, ...processesNaming(...folders)];
}
