import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isDiskFull } from "../../shared/broker/server/disk.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { NexusError, UnreachableError, UsageError } from "../../shared/errors.ts";
import { explainLock, type HeldLock, takeLock } from "../../shared/machine/lock-file.ts";
import { checkWorkerName, defaultWorkerName, workerStateDir } from "./identity.ts";
import type { JoinLine } from "./join-line.ts";
import { folderFor, type Origin, type WorkerIdentity } from "./kept-identity.ts";

/**
 * Locks the folder of this worker. Without --name it takes the first free name, so that two workers on one machine just
 * work.
 *
 * @param origin  undefined: the worker shows others' credentials and no key of its own
 * @throws UsageError if the name is taken or the folder cannot be used; UnreachableError if the disk is full
 */
export function claimState(
  line: JoinLine,
  origin: Origin | undefined,
  named: string | undefined,
  say: (text: string) => void,
): { name: WorkerId; stateDir: string; lock: HeldLock } {
  const wished = named === undefined ? defaultWorkerName() : checkWorkerName(named);
  for (let i = 1; ; i += 1) {
    const name = checkWorkerName(i === 1 ? wished : `${wished}-${i}`);
    const usual = workerStateDir(line.workspace, name);
    const { folder: stateDir, joinsBeside } = orSayFolder(usual, () =>
      origin ? folderFor(usual, line, origin) : { folder: usual, joinsBeside: undefined },
    );
    const path = join(stateDir, "worker.lock");
    const attempt = orSayFolder(stateDir, () => {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      return takeLock(path, `the worker ${name}`);
    });
    if (attempt.ok && joinsBeside) say(otherServer(joinsBeside, line, join(usual, "spool")));
    if (attempt.ok) return { name, stateDir, lock: attempt.lock };
    if (named !== undefined || i > 64) {
      throw new UsageError(
        `a worker called ${name} is already running: ${explainLock(path, attempt.owner, attempt.liveness)}`,
      );
    }
  }
}

const otherServer = ({ worker }: WorkerIdentity, line: JoinLine, spool: string): string =>
  `this line leads to another server than the one at which this machine is the worker ${worker} of ${line.workspace}, so that ` +
  "one's key is not shown there: this machine joins as a worker of its own, and goes on as before with the earlier line\n" +
  `  if you are sure that the workspace is the same, and only has a new authority or address: end this worker, add --same-workspace to\n` +
  `  the line, and it is ${worker} again; until then what ${worker} has not delivered stays in ${spool}`;

/**
 * Turns an error of the file system into one that says what to do.
 *
 * @throws UsageError; UnreachableError on a full disk
 */
export function orSayFolder<T>(stateDir: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof NexusError || code === undefined) throw cause;
    if (isDiskFull(cause))
      throw new UnreachableError(`this machine cannot work: the disk of ${stateDir} is full`, { cause });
    throw new UsageError(
      `cannot use ${stateDir}, where this worker keeps its key, its log and its runs (${message})\n` +
        "  set XDG_STATE_HOME to a folder that you may write to",
      { cause },
    );
  }
}
