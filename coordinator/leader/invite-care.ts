import { inviteIdOf, type ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { ownDecision } from "../../shared/domain/fold/events.ts";
import { openInvites } from "../../shared/domain/fold/invites.ts";
import { endInvite, whyOver } from "./orders/invite-orders.ts";
import type { Reign } from "./reign/reign.ts";

const lookEveryMs = 1000;
/** How long the last machine of an invitation may ask again, if its answer was lost, before the broker cuts it off. */
const usedUpMs = 30_000;

/** Ends invitations by the clock, and keeps one that this machine's coordinator can show. */
export class InviteCare {
  readonly #reign: Reign;
  readonly #show: ShowInvite | undefined;
  readonly #publish: () => void;
  #lookAt = 0;
  /** When an invitation was first seen used up, in monotonic milliseconds. */
  readonly #usedUp = new Map<string, number>();

  /** @param publish  tells the broker of a change */
  constructor(reign: Reign, show: ShowInvite | undefined, publish: () => void) {
    this.#reign = reign;
    this.#show = show;
    this.#publish = publish;
  }

  /** Called several times a second. */
  tick(): void {
    const now = this.#reign.ports.clock.monotonic();
    if (now < this.#lookAt || !this.#reign.ports.leads()) return;
    this.#lookAt = now + lookEveryMs;
    if (this.look()) this.#publish();
  }

  /** Returns whether anything changed for the broker. */
  look(): boolean {
    const { state, ports } = this.#reign;
    const wall = ports.clock.wall();
    let changed = false;
    for (const invite of openInvites(state)) {
      const why = whyOver(invite, wall);
      if (why === "") continue;
      if (wall < invite.expiresAt && !this.#isDone(invite.id)) continue;
      this.#usedUp.delete(invite.id);
      endInvite(this.#reign, invite, why);
      changed = true;
    }
    return this.#keepShown(wall) || changed;
  }

  #isDone(invite: string): boolean {
    const now = this.#reign.ports.clock.monotonic();
    const since = this.#usedUp.get(invite) ?? now;
    this.#usedUp.set(invite, since);
    return now - since >= usedUpMs;
  }

  #keepShown(wall: number): boolean {
    const { state, ports, repeated } = this.#reign;
    const { invites } = state;
    let shown: ReturnType<ShowInvite> | undefined;
    try {
      shown = this.#show?.(wall, (id) => (invites.get(id)?.ended ?? "") !== "");
    } catch (error) {
      // A new one is written on this machine's disk, which may be full; workers can join elsewhere.
      const text = `this machine shows no join line: ${String(error)}`;
      repeated.warn("shown", ports.clock.monotonic(), {}, text);
    }
    if (!shown) return false;
    const invite = inviteIdOf(shown.publicKey);
    if (invites.has(invite)) return false;
    void this.#reign.record({ type: "invited", invite, ...shown, uses: null, targets: [], ...ownDecision });
    return true;
  }
}
