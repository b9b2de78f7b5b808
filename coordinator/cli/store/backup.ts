import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { programVersion } from "../../../shared/components/version.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { readLockOwner } from "../../../shared/machine/lock-file.ts";
import { isAlive } from "../../../shared/machine/process-identity.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import { type WorkspacePaths, workspaceAt } from "../../../shared/machine/workspace.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";

/** How long a broker may take to end. */
const patienceMs = 30_000;

export interface BackupOptions extends JsonOption {
  /** Also restore it into a scratch store, and fold it there. */
  readonly verify?: boolean | undefined;
}

/** `nexus backup FILE`: saves the whole workspace to one file, while searches run. */
export async function backUp({ scope, output }: Session, typed: string, options: BackupOptions): Promise<void> {
  const file = resolve(typed);
  if (existsSync(file)) throw new UsageError(`${file} is there already; expected a new file, for example ${file}.2`);
  const { BackupWriter } = await import("../../../shared/broker/copies/backup-file.ts");
  const { packWorkspace } = await import("../../../shared/broker/copies/workspace-copy.ts");
  const started = performance.now();
  const { bytes, ends } = await withLink(scope, "coordinator", async ({ bus }) => {
    const header = { version: 1, workspace: scope.paths.name, at: new Date().toISOString() } as const;
    const writer = new BackupWriter(file, { ...header, program: programVersion() });
    const forgetSignals = clearOnSignals(() => writer.abandon());
    try {
      const ends = await packWorkspace(bus, scope.paths, writer);
      return { ends, bytes: writer.finish() };
    } catch (error) {
      writer.abandon();
      throw error;
    } finally {
      forgetSignals();
    }
  });
  const seconds = Math.round(performance.now() - started) / 1000;
  const verified = options.verify ? await verifyBackup(file) : null;
  if (options.json) {
    const told = { type: "backup", v: 1, workspace: scope.paths.name, file, bytes, seconds, ...ends, verified };
    output.result(`${JSON.stringify(told)}\n`);
    return;
  }
  const held = `journal to record ${ends.journal}, evidence to message ${ends.evidence}`;
  output.result(`${file}: ${scope.paths.name}, ${held}, ${sizeText(bytes)}, ${seconds.toFixed(1)} s\n`);
  if (verified)
    output.result(
      `  verified: a store made from it folds to ${counted(verified.jobs, "job")}, record ${verified.journal}\n`,
    );
  output.note(
    `  it holds passwords: keep it where only you can read it; to put it back: nexus restore ${shellWord(file)}${scope.flags}\n`,
  );
}

/**
 * Has everything removed before a signal ends the process; a second signal ends it at once.
 *
 * @returns a function that undoes this
 */
function clearOnSignals(clear: () => void | Promise<void>): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: NodeJS.Signals): void => {
    forget();
    const raise = (): void => void process.kill(process.pid, signal);
    const clearing = clear();
    if (clearing) void clearing.finally(raise);
    else raise();
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, end);
  };
  for (const signal of signals) process.on(signal, end);
  return forget;
}

/** Ends the broker of a scratch store, also one that is about to start, so that the store can be removed. */
async function endBroker({ brokerLock }: WorkspacePaths): Promise<void> {
  const { endProcess } = await import("../../../shared/broker/server/tied-process.ts");
  for (;;) {
    const owner = readLockOwner(brokerLock);
    if (owner === undefined || owner === "unreadable" || !isAlive(owner.identity)) return;
    await endProcess(owner.identity, "SIGINT", patienceMs);
  }
}

/** Restores the backup into a temporary store and folds its journal there. */
async function verifyBackup(file: string): Promise<{ jobs: number; journal: number }> {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { fillFrom } = await import("./restore.ts");
  const { openBackup } = await import("../../../shared/broker/copies/backup-file.ts");
  const { filled } = await import("../../../shared/broker/copies/new-store.ts");
  const { restoreFiles } = await import("../../../shared/broker/copies/workspace-copy.ts");
  const { sealFileName } = await import("../../../shared/broker/store/seal-file.ts");
  const { createWorkspace } = await import("../../../shared/machine/workspace.ts");
  const backup = openBackup(file);
  const folder = mkdtempSync(resolve(tmpdir(), "nexus-verify-"));
  const scratch = workspaceAt(resolve(folder, "scratch"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let clearing: Promise<void> | undefined;
  const forgetSignals = clearOnSignals(() => {
    clearing = endBroker(scratch).then(remove);
    return clearing;
  });
  try {
    createWorkspace(scratch);
    // Only the seal is needed: keep the other secrets out of a temporary folder.
    restoreFiles(
      scratch,
      backup.files.filter(({ name }) => name === sealFileName),
    );
    const { result: state } = await filled(scratch, fillFrom(backup));
    return { jobs: state.jobs.size, journal: state.seq };
  } finally {
    // What the signal broke off is not told: the process ends here.
    await clearing;
    forgetSignals();
    backup.close();
    remove();
  }
}
