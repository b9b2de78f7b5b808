import { copyFileSync, existsSync } from "node:fs";
import { replaceStore } from "../../../shared/broker/copies/new-store.ts";
import { readRemains, type StoreRemains } from "../../../shared/broker/copies/store-remains.ts";
import { type Salvage, salvage } from "../../../shared/broker/copies/store-salvage.ts";
import { readPeers } from "../../../shared/broker/peers/peers.ts";
import { cutOffAt } from "../../../shared/broker/store/cut-off.ts";
import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { sealFile, writeBefore } from "../../../shared/broker/store/seal-file.ts";
import { checkStoreThere } from "../../../shared/broker/store/store-check.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { exitCode, UnreachableError, UsageError } from "../../../shared/errors.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { type Bus, BusError } from "../../../shared/ports.ts";
import { livingEndpoint } from "../../endpoint/endpoint.ts";
import type { Output } from "../../operator/output.ts";
import { type Scope, withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { endUnused } from "./end-unused.ts";

export interface RepairOptions extends JsonOption {
  readonly acceptLoss?: boolean | undefined;
  /** Believe the whole journal, whoever wrote it. */
  readonly acceptJournal?: boolean | undefined;
}

interface Repaired {
  readonly salvage: Salvage;
  /** Where the damaged store is now. */
  readonly kept: string | undefined;
}

/** `nexus repair`: checks the store and, on request, builds another from what is left of it; returns the exit code. */
export async function repair(session: Session, options: RepairOptions): Promise<number> {
  const { scope, output } = session;
  if (options.acceptJournal) {
    if (options.acceptLoss)
      throw new UsageError("--accept-journal and --accept-loss: expected one at a time, --accept-loss first");
    await acceptJournal(session, options);
    return exitCode.done;
  }
  checkOwn(scope);
  if (options.acceptLoss) await endUnused(scope.paths);
  try {
    const remains = await withDamaged(scope.paths, (bus) => readRemains(bus, scope.paths));
    const isWhole = remains.troubles.length === 0;
    const repaired = isWhole || !options.acceptLoss ? undefined : await goOn(scope.paths, remains);
    if (options.json) output.result(`${JSON.stringify(toldOf(scope, remains, repaired))}\n`);
    else say(scope, remains, repaired, output);
    return isWhole || repaired ? exitCode.done : exitCode.failure;
  } catch (cause) {
    if (!(cause instanceof BusError)) throw cause;
    throw new UnreachableError(`workspace ${scope.paths.name}: ${cause.message}; nothing was changed, try again`, {
      cause,
    });
  }
}

function checkOwn({ paths, external }: Scope): void {
  if (external)
    throw new UsageError(`${external.url} is a broker of someone else's; its administrator looks after its store`);
  if (readPeers(paths))
    throw new UsageError(
      `workspace ${paths.name} lives on several machines, each with a copy; expected one with a store of its own\n` +
        "  if all copies are damaged, restore the newest backup to one: nexus --workspace NAME restore FILE",
    );
}

async function withDamaged<T>(paths: WorkspacePaths, work: (bus: Bus) => Promise<T>): Promise<T> {
  if (cutOffAt(paths) !== undefined) checkStoreThere(paths);
  // A store that is gone altogether is checked too, if its mark remains.
  const makeStore = existsSync(paths.storeMark);
  const link = await linkWorkspace(paths, "coordinator", null, { unchecked: true, makeStore });
  try {
    return await work(link.bus);
  } finally {
    await link.close();
  }
}

async function goOn(paths: WorkspacePaths, remains: StoreRemains): Promise<Repaired> {
  // Resealed with the same keys; where the seals begin is determined again.
  const prepare = (scratch: WorkspacePaths): void => {
    if (existsSync(sealFile(paths))) copyFileSync(sealFile(paths), sealFile(scratch));
  };
  const made = await replaceStore(paths, { why: "damaged", withSecrets: false, prepare }, (bus, scratch) =>
    withDamaged(paths, (damaged) => salvage(damaged, bus, scratch, remains)),
  );
  writeBefore(paths, null);
  return { salvage: made.result, kept: made.kept };
}

function toldOf({ paths }: Scope, remains: StoreRemains, repaired: Repaired | undefined): object {
  const { troubles, wholeTo, journalEnd, evidence, evidenceEnd } = remains;
  return {
    ...{ type: "repair", v: 1, workspace: paths.name, ok: troubles.length === 0 || repaired !== undefined, troubles },
    ...{ journal: wholeTo, journalEnd, evidence, evidenceEnd, kept: repaired?.kept ?? null },
    evidenceLeftOut: repaired?.salvage.evidenceLeftOut ?? null,
  };
}

function say(scope: Scope, remains: StoreRemains, repaired: Repaired | undefined, output: Output): void {
  const { troubles, wholeTo, state, journalEnd, evidence, evidenceEnd } = remains;
  const { paths, flags } = scope;
  if (troubles.length === 0) {
    output.result(
      `the store of ${paths.name} is whole: journal to record ${wholeTo}, ${evidence} messages of evidence\n`,
    );
    return;
  }
  const lost = journalEnd - wholeTo;
  if (repaired) {
    output.result(
      `${paths.name} goes on after record ${wholeTo} of the journal: ${contents(repaired.salvage.state)}\n`,
    );
    output.result(`  lost: ${counted(lost, "record")}, ${repaired.salvage.evidenceLeftOut} messages of evidence\n`);
    if (repaired.kept !== undefined) output.note(`  the damaged store is kept in ${repaired.kept}\n`);
    output.note(`  to go on: nexus-coord${flags}\n`);
    output.note("  workers that joined after that record must be restarted with the join line that it prints\n");
    return;
  }
  output.result(`the store of ${paths.name} is damaged:\n${troubles.map((each) => `  ${each}\n`).join("")}`);
  output.result(
    `what is left: records 1 to ${wholeTo} of ${journalEnd} of the journal (${contents(state)}), ` +
      `${evidence} of ${evidenceEnd} messages of evidence\n`,
  );
  output.note(
    `  nothing was changed. To put back the newest backup:  nexus${flags} restore FILE --replace\n` +
      `  to go on with what is left, without the rest:        nexus${flags} repair --accept-loss\n`,
  );
}

function contents({ jobs, workers }: WorkspaceState): string {
  const runs = [...jobs.values()].reduce((sum, { trials }) => sum + trials.length, 0);
  return `${counted(jobs.size, "job")}, ${counted(runs, "run")}, ${counted(workers.size, "worker")}`;
}

/** `nexus repair --accept-journal`: believes the whole journal as it is now, whoever wrote it. */
async function acceptJournal({ scope, output }: Session, { json }: JsonOption): Promise<void> {
  const { paths, flags } = scope;
  if (livingEndpoint(paths))
    throw new UsageError(`a coordinator of ${paths.name} runs on this machine; end it first: nexus-coord${flags} stop`);
  const journal = await withLink(scope, "coordinator", ({ bus }) => JournalFooting.accept(bus, paths), {
    unchecked: true,
  });
  if (json) {
    output.result(`${JSON.stringify({ type: "accept-journal", v: 1, workspace: paths.name, journal })}\n`);
    return;
  }
  output.result(
    `${paths.name}: the journal is believed up to record ${journal}, as it is; later records need the seal\n`,
  );
  output.note(`  to go on: nexus-coord${flags}\n`);
}
