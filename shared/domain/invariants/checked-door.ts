import { actorOf, type Invited, type InviteEnded, type JournalEvent, type WorkerEnrolled } from "../fold/events.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { WorkerId } from "../names.ts";

interface CheckedInvite {
  readonly uses: number | null;
  readonly targets: readonly string[];
  used: number;
  isOver: boolean;
}

/**
 * Checks who joins: a worker enrols by an open invitation that has uses left, for the pools that it names, and with a
 * key that nobody else has; a revoked worker is given nothing.
 */
export class CheckedDoor {
  readonly #invites = new Map<string, CheckedInvite>();
  /** Public keys of workers that were not forgotten; records of earlier versions have an empty one. */
  readonly #keys = new Map<WorkerId, string>();
  readonly #owners = new Map<string, WorkerId>();
  readonly #revoked = new Set<WorkerId>();
  /** Workers that were ever sent away: benched by a person or for what they sent, or revoked. */
  readonly #sentAway = new Set<WorkerId>();
  readonly #broken: (what: string) => void;

  /** @param broken  hears what is wrong with a record, in words */
  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  /** Reads the next record of the journal. */
  event(event: JournalEvent): void {
    switch (event.type) {
      case "invited":
        this.#invited(event);
        break;
      case "invite-ended":
        this.#inviteEnded(event);
        break;
      case "worker-enrolled":
        this.#enrolled(event);
        break;
      case "worker-state":
        if (event.state === "revoked" || (event.state === "benched" && (event.cutOff || actorOf(event) === "person")))
          this.#sentAway.add(event.worker);
        if (event.state === "revoked") this.#revoked.add(event.worker);
        else if (event.state === "admitted") this.#revoked.delete(event.worker);
        break;
      case "worker-forgotten":
        this.#forgotten(event.worker);
        break;
      case "assigned":
        if (this.#revoked.has(event.worker))
          this.#broken(`${event.job} trial ${event.n} was given to ${event.worker}, which was revoked`);
        break;
      default: // says nothing about who may join
    }
  }

  /** Whether results of this worker may be ignored. */
  wasSentAway(worker: WorkerId): boolean {
    return this.#sentAway.has(worker);
  }

  /** Differences between a fold, or a snapshot of one, and the records. */
  compare({ invites, workers }: WorkspaceState): void {
    for (const [id, { used, ended }] of invites) {
      const recorded = this.#invites.get(id);
      if (!recorded) this.#broken(`the fold has the invitation ${id}, which no record made`);
      else if (recorded.used !== used || recorded.isOver !== (ended !== ""))
        this.#broken(`invitation ${id}: ${used} joined in the fold, ${recorded.used} by the records`);
    }
    for (const [id, { isOver }] of this.#invites)
      if (!isOver && !invites.has(id)) this.#broken(`the fold lacks the invitation ${id}`);
    for (const [worker, key] of this.#keys)
      if (workers.get(worker)?.publicKey !== key)
        this.#broken(`${worker} has another key in the fold than by the records`);
  }

  #invited({ invite, uses, targets }: Invited): void {
    if (this.#invites.has(invite)) this.#broken(`invitation ${invite} was made twice`);
    else this.#invites.set(invite, { uses, targets, used: 0, isOver: false });
  }

  #inviteEnded({ invite }: InviteEnded): void {
    const found = this.#invites.get(invite);
    if (found && !found.isOver) found.isOver = true;
    else this.#broken(`invitation ${invite} ended, but was ${found ? "over" : "never made"}`);
  }

  #forgotten(worker: WorkerId): void {
    const key = this.#keys.get(worker) ?? "";
    if (this.#owners.get(key) === worker) this.#owners.delete(key);
    this.#keys.delete(worker);
    this.#revoked.delete(worker);
  }

  #enrolled({ worker, publicKey, invite, targets = [] }: WorkerEnrolled): void {
    const owner = this.#owners.get(publicKey) ?? worker;
    if (publicKey !== "" && owner !== worker) this.#broken(`${worker} enrolled with the key of ${owner}`);
    this.#keys.set(worker, publicKey);
    this.#owners.set(publicKey, worker);
    // Earlier versions had no invitations.
    if (invite === undefined) return;
    const found = this.#invites.get(invite);
    if (!found || found.isOver) {
      this.#broken(`${worker} enrolled by invitation ${invite}, which was ${found ? "over" : "never made"}`);
      return;
    }
    found.used += 1;
    if (found.uses !== null && found.used > found.uses)
      this.#broken(`${worker} enrolled by invitation ${invite}, which was for ${found.uses}`);
    if (found.targets.join() !== targets.join())
      this.#broken(
        `${worker} enrolled for the pools "${targets.join()}" by invitation ${invite}, which is for "${found.targets.join()}"`,
      );
  }
}
