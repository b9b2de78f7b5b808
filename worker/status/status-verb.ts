import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { escapedJson } from "../../shared/domain/printable.ts";
import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { exitCode, NotFoundError } from "../../shared/errors.ts";
import { readLockOwner } from "../../shared/machine/lock-file.ts";
import { isAlive } from "../../shared/machine/process-identity.ts";
import { tellsWhereHelpIs, usual } from "../../shared/program/usual-command.ts";
import { workerStateDir } from "../joining/identity.ts";
import { readStatus } from "./status-file.ts";
import { type OwnStatus, statusLine } from "./worker-status.ts";

/**
 * `nexus-worker status [names...]`: what this user's workers on this machine do, a line each.
 *
 * @throws NotFoundError if none runs here, or none of that name
 */
export function statusVerb(words: readonly string[], say: (line: string) => void, wall: number): number {
  const command = tellsWhereHelpIs(usual(new Command("nexus-worker status")))
    .description("Says what each of your workers on this machine does for whom, and how to stop it.")
    .argument("[names...]", "of workers; default: all that run")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      `
Each worker keeps what it does in its own folder, in a file that only you may read. The worker also prints it on SIGUSR1:
kill -USR1 PID.

Examples:
  nexus-worker status             all that run
  nexus-worker status lab-1       one of them

Exit codes: 0 done, 2 wrong usage, 3 no such worker runs here.`,
    )
    .parse([...words], { from: "user" });
  const running = runningWorkers();
  const wanted = [...new Set(command.args)];
  for (const name of wanted) {
    if (running.some(({ worker }) => worker === name)) continue;
    const known = running.map(({ worker }) => worker);
    const nearest = nearestName(name, known);
    const hint = nearest ? `; did you mean ${nearest}?` : known.length > 0 ? `; there are: ${known.join(", ")}` : "";
    throw new NotFoundError(`no worker ${name} of yours runs on this machine${hint}`);
  }
  if (running.length === 0)
    throw new NotFoundError("no worker of yours runs on this machine; to start one: nexus-worker");
  const shown = running.filter(({ worker }) => wanted.length === 0 || wanted.includes(worker));
  const { json = false } = command.opts<{ json?: boolean }>();
  for (const status of shown)
    say(
      json ? escapedJson(JSON.stringify({ type: "worker-status", v: 1, ...status })) : statusLine(status, wall, false),
    );
  return exitCode.done;
}

/** The workers whose process holds the lock of their folder, by workspace and name. */
function runningWorkers(): OwnStatus[] {
  // .../workers/WORKSPACE/MACHINE/NAME
  const example = workerStateDir("ws", "name");
  const machine = dirname(example).split("/").at(-1) ?? "";
  const root = dirname(dirname(dirname(example)));
  return foldersIn(root).flatMap((workspace) =>
    foldersIn(join(root, workspace, machine)).flatMap((name) => {
      const folder = join(root, workspace, machine, name);
      const owner = readLockOwner(join(folder, "worker.lock"));
      if (owner === undefined || owner === "unreadable" || !isAlive(owner.identity)) return [];
      const status = readStatus(folder);
      // A file of an earlier process says nothing of this one.
      return status && status.pid === owner.identity.pid ? [status] : [];
    }),
  );
}

const foldersIn = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : []);
