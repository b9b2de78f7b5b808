import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { BackupWriter } from "../../../shared/broker/copies/backup-file.ts";
import { programVersion } from "../../../shared/components/version.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { workspaceAt } from "../../../shared/machine/workspace.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";

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
    const forgetSignals = abandonOnSignals(writer);
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

/** Removes the file if a signal ends the process; returns a function that undoes this. */
function abandonOnSignals(writer: BackupWriter): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: NodeJS.Signals): void => {
    writer.abandon();
    forget();
    process.kill(process.pid, signal);
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, end);
  };
  for (const signal of signals) process.on(signal, end);
  return forget;
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
  const folder = mkdtempSync(resolve(tmpdir(), "nexus-verify-"));
  const backup = openBackup(file);
  try {
    const scratch = workspaceAt(resolve(folder, "scratch"));
    createWorkspace(scratch);
    // Only the seal is needed: keep the other secrets out of a temporary folder.
    restoreFiles(
      scratch,
      backup.files.filter(({ name }) => name === sealFileName),
    );
    const { result: state } = await filled(scratch, fillFrom(backup));
    return { jobs: state.jobs.size, journal: state.seq };
  } finally {
    backup.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
