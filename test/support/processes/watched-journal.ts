import { followJournal, readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { linkWorkspace, type WorkspaceLink } from "../../../shared/broker/workspace-link.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { streams } from "../../../shared/wire/subjects.ts";
import { mayAnswerLater } from "./patient-link.ts";

/** A workspace's journal, polled over one connection while that lasts; each record is read once. */
export class WatchedJournal {
  readonly #paths: WorkspacePaths;
  #link: WorkspaceLink | undefined;
  #state: WorkspaceState | undefined;

  constructor(paths: WorkspacePaths) {
    this.#paths = paths;
  }

  /** The journal folded to its end; undefined while its broker does not answer. */
  async now(): Promise<WorkspaceState | undefined> {
    try {
      this.#link ??= await linkWorkspace(this.#paths, "viewer");
      this.#state = await this.#readOn(this.#link.bus, this.#state);
      return this.#state;
    } catch (error) {
      // A failed read may have been folded partly.
      this.#state = undefined;
      await this.close();
      if (!mayAnswerLater(error)) throw error;
      return undefined;
    }
  }

  async #readOn(bus: WorkspaceLink["bus"], state: WorkspaceState | undefined): Promise<WorkspaceState> {
    if (!state) return await readJournal(bus);
    if ((await bus.lastSeq(streams.journal)) === state.seq) return state;
    const follower = await followJournal(bus, () => undefined, undefined, systemClock, state);
    await follower.stop();
    return follower.state;
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }
}
