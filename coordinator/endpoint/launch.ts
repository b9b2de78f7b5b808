import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exitCode, NexusError, UnreachableError } from "../../shared/errors.ts";
import { isAlive } from "../../shared/machine/process-identity.ts";
import { createWorkspace, type WorkspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";
import { type Endpoint, livingEndpoint } from "./endpoint.ts";

const program = fileURLToPath(new URL("../main.js", import.meta.url));
const patienceMs = 150_000;
const pollMs = 20;

/** What a coordinator tells the command that started it, once. */
export type StartMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string; readonly exit: number };

/**
 * Starts a coordinator on this machine, in its own session, unless one runs. Of two commands at once, one starts it.
 *
 * @throws UnreachableError after 150 s
 */
export async function ensureCoordinator(
  paths: WorkspacePaths,
  flags: readonly string[],
): Promise<{ endpoint: Endpoint; started: boolean }> {
  const running = livingEndpoint(paths);
  if (running) return { endpoint: running, started: false };
  createWorkspace(paths);
  const errors = openSync(paths.coordinatorLog, "a", 0o600);
  try {
    const child = spawn(process.execPath, [program, "--headless", "--workspace", paths.name, ...flags], {
      detached: true,
      // Its standard output holds the join code, which must not get into a log.
      stdio: ["ignore", "ignore", errors, "ipc"],
    });
    child.on("message", () => child.disconnect());
    const endpoint = await untilLeading(child, paths, paths.coordinatorLog, AbortSignal.timeout(patienceMs));
    const started = endpoint?.coordinator.pid === child.pid;
    // Another command was first. Ours would stand by, unseen, and lead once that one is stopped.
    if (endpoint && !started) child.kill("SIGTERM");
    child.unref();
    if (endpoint) return { endpoint, started };
  } finally {
    closeSync(errors);
  }
  throw new UnreachableError(`the coordinator did not take the lead within ${patienceMs / 1000} s; see ${paths.logs}`);
}

/**
 * Waits until the coordinator that was just started leads; undefined if `signal` ended the wait.
 *
 * @param log  where to look if it ends without a message
 * @throws NexusError with the coordinator's own message and exit code if it fails
 */
export async function untilLeading(
  child: ChildProcess,
  paths: WorkspacePaths,
  log: string,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  let failed: { readonly message: string; readonly exit: number } | undefined;
  child.once("error", ({ message }) => {
    failed = { message, exit: exitCode.unreachable };
  });
  child.once("exit", (code, by) => {
    const message = `the coordinator ended with ${by ?? `code ${code}`}; see ${log}`;
    failed ??= { message, exit: exitCode.unreachable };
  });
  child.on("message", (message: StartMessage) => {
    if (message.kind === "failed") failed = message;
  });
  while (!signal.aborted) {
    const endpoint = livingEndpoint(paths);
    if (endpoint) return endpoint;
    if (failed !== undefined) throw new NexusError("START", failed.exit, failed.message);
    await pause(pollMs);
  }
  return undefined;
}

/** Ends the coordinator of this machine and waits until it is gone; false if none ran. */
export async function stopCoordinator(paths: WorkspacePaths): Promise<boolean> {
  const running = livingEndpoint(paths)?.coordinator;
  if (!running) return false;
  process.kill(running.pid, "SIGTERM");
  const limit = performance.now() + patienceMs;
  while (isAlive(running)) {
    if (performance.now() > limit) {
      throw new UnreachableError(`the coordinator, process ${running.pid}, did not end in ${patienceMs / 1000} s`);
    }
    await pause(pollMs);
  }
  return true;
}
