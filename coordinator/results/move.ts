import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BackupWriter } from "../../shared/broker/backup-file.ts";
import { runningBroker } from "../../shared/broker/broker-info.ts";
import { closeStreams, openStreams } from "../../shared/broker/closed-streams.ts";
import { checkStore } from "../../shared/broker/store-check.ts";
import { packWorkspace, savedFiles } from "../../shared/broker/workspace-copy.ts";
import { UsageError } from "../../shared/errors.ts";
import { programVersion } from "../../shared/version.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";
import { type Asker, processAsker } from "./confirm.ts";
import { moveToPeers } from "./move-to-peers.ts";
import { moveToSingle } from "./move-to-single.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, type Scope, scopeOf, withLink } from "./scope.ts";

export interface MoveOptions {
  readonly toPeers?: string | undefined;
  readonly toSingle?: boolean | undefined;
  readonly cancel?: boolean | undefined;
  readonly listen?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** `nexus move`: carries a workspace from a broker alone to peers, or back to this machine alone. */
export async function move(
  globals: GlobalOptions,
  options: MoveOptions,
  output: Output,
  asker: Asker = processAsker,
): Promise<void> {
  const scope = scopeOf(globals);
  if ([options.toPeers, options.toSingle, options.cancel].filter(Boolean).length !== 1) {
    throw new UsageError("nexus move: expected one of --to-peers a,b,c and --to-single and --cancel");
  }
  if (scope.external) {
    throw new UsageError(
      `workspace ${scope.paths.name} lives on the NATS servers at ${scope.external.url}; to carry it from there: nexus backup FILE, then nexus --nats own restore FILE`,
    );
  }
  if (options.cancel) {
    await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
    output.result(`workspace ${scope.paths.name} stays where it is, and takes what workers publish\n`);
    return;
  }
  const consent: Consent = (what) => consented(what, options.yes === true, asker);
  if (options.toSingle) await moveToSingle(scope, consent, output);
  else await moveToPeers(scope, { list: options.toPeers ?? "", listen: options.listen }, consent, output);
}

/** @throws UsageError where the person does not want it */
export type Consent = (what: string) => Promise<void>;

async function consented(what: string, yes: boolean, asker: Asker): Promise<void> {
  if (yes) return;
  if (!asker.isTerminal) throw new UsageError(`${what}\n  to do it without being asked, add --yes`);
  if (!(await asker.ask(`${what}. Do it?`))) throw new UsageError("nothing was changed");
}

/**
 * Closes the workspace and packs it: whatever was acknowledged is in the file, and nothing is acknowledged any more. What fails
 * opens it again.
 *
 * @returns the file, in the workspace's folder
 */
export async function packForGood(scope: Scope): Promise<string> {
  const { paths } = scope;
  const file = join(paths.dir, `move-${new Date().toISOString().replace(/[:.]/g, "-")}.nexus`);
  await withLink(scope, "coordinator", async ({ bus }) => {
    await checkStore(bus, paths);
    const header = {
      version: 1,
      workspace: paths.name,
      at: new Date().toISOString(),
      program: programVersion(),
    } as const;
    const writer = new BackupWriter(file, header);
    try {
      await closeStreams(bus);
      for (const { name, text } of savedFiles(paths)) writer.file(name, text);
      await packWorkspace(bus, writer);
      writer.finish();
    } catch (error) {
      await openStreams(bus);
      if (existsSync(`${file}.${process.pid}.part`)) writer.abandon();
      throw error;
    }
  });
  return file;
}

/** Undoes `packForGood`. */
export async function stayHere(scope: Scope, file: string): Promise<void> {
  await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
  rmSync(file, { force: true });
}

/** @throws UsageError while a program, such as a view, needs this machine's broker */
export function checkUnused(paths: WorkspacePaths): void {
  const broker = runningBroker(paths);
  if (!broker) return;
  throw new UsageError(
    `workspace ${paths.name} is in use on this machine (its broker runs, process ${broker.guard.pid}); close its views, then type this again`,
  );
}
