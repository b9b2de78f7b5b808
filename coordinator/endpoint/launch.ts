import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pause } from "../../shared/deadline.ts";
import { exitCode, NexusError, UnreachableError } from "../../shared/errors.ts";
import { isAlive, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { createWorkspace, type WorkspacePaths } from "../../shared/machine/workspace.ts";
import { type Endpoint, livingEndpoint } from "./endpoint.ts";

const program = fileURLToPath(new URL("../main.js", import.meta.url));
const patienceMs = 150_000;
const pollMs = 20;

/** What a coordinator tells the command that started it, once. */
export type StartMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string; readonly exit: number };

/** Sees to it that a coordinator leads on this machine; starts one, in a session of its own, where none does. */
export async function ensureCoordinator(
  paths: WorkspacePaths,
  flags: readonly string[],
): Promise<{ endpoint: Endpoint; started: boolean }> {
  const running = livingEndpoint(paths);
  if (running) return { endpoint: running, started: false };
  createWorkspace(paths);
  const errors = openSync(paths.coordinatorLog, "a", 0o600);
  let failed: string | undefined;
  let exit: number = exitCode.unreachable;
  try {
    const child = spawn(process.execPath, [program, "--headless", "--workspace", paths.name, ...flags], {
      detached: true,
      // What it says of itself holds the join code, which belongs in no log.
      stdio: ["ignore", "ignore", errors, "ipc"],
    });
    child.once("error", (error) => {
      failed = error.message;
    });
    child.once("exit", (code, signal) => {
      failed ??= `it ended with ${signal ?? `code ${code}`}; see ${paths.coordinatorLog}`;
    });
    child.on("message", (message: StartMessage) => {
      if (message.kind === "failed") {
        failed = message.message;
        exit = message.exit;
      }
      child.disconnect();
    });
    const limit = performance.now() + patienceMs;
    while (performance.now() < limit) {
      const endpoint = livingEndpoint(paths);
      if (endpoint) {
        child.unref();
        return { endpoint, started: true };
      }
      if (failed !== undefined) throw new NexusError("START", exit, failed);
      await pause(pollMs);
    }
  } finally {
    closeSync(errors);
  }
  throw new UnreachableError(`the coordinator did not come to lead in ${patienceMs / 1000} s; see ${paths.logs}`);
}

/** Ends the coordinator of this machine and waits until it is gone; false when none ran. */
export async function stopCoordinator(paths: WorkspacePaths): Promise<boolean> {
  const running = livingEndpoint(paths);
  if (!running) return false;
  await endProcess(running.coordinator);
  return true;
}

async function endProcess(identity: ProcessIdentity): Promise<void> {
  if (isAlive(identity)) process.kill(identity.pid, "SIGTERM");
  const limit = performance.now() + patienceMs;
  while (isAlive(identity)) {
    if (performance.now() > limit) {
      throw new UnreachableError(`the coordinator, process ${identity.pid}, did not end in ${patienceMs / 1000} s`);
    }
    await pause(pollMs);
  }
}
