/** The lines that a coordinator in the foreground prints, for people or as JSON. */

import { hostInUrl } from "../../shared/broker/address.ts";
import { readPeers } from "../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import { shownUrl } from "../../shared/broker/server-url.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import type { Bootstrap } from "../endpoint/bootstrap.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";
import { joiningOf, type Tunnel, typedLine } from "../endpoint/join-lines.ts";
import { plainTextWarning } from "../endpoint/plain-text.ts";
import { momentText } from "../words/invitations.ts";

export type Happening = "ready" | "standing by" | "leading";

/** Where a coordinator, its broker and its log are. */
export interface Whereabouts {
  readonly workspace: string;
  /** `127.0.0.1:4222`, or the URL of someone else's broker. */
  readonly broker: string;
  readonly log: string;
  /** The command that joins, a secret; null while another coordinator of this machine takes the workers. */
  readonly join: string | null;
  /** The command that joins by WebSocket as well; null or left out: none does. */
  readonly webSocket?: string | null;
  /** Whether other machines may join as well. */
  readonly isOpen: boolean;
  /** How they join nevertheless; null or left out: not at all, or without a tunnel. */
  readonly tunnel?: Tunnel | null;
  /** What joins where there is no nexus-swarm; null or left out: nothing. */
  readonly bootstrap?: Bootstrap | null;
  /** What to say of a broker that does not encrypt; null or left out: it does. */
  readonly warning?: string | null;
  /** The process on this machine that leads instead; null or left out: not known. */
  readonly leader?: number | null;
  /** Until when the command holds, in wall-clock milliseconds; null: for good. */
  readonly until?: number | null;
}

/** @param pid  of the coordinator that asks */
export function whereaboutsOf(paths: WorkspacePaths, external: ExternalBroker | null, pid: number): Whereabouts {
  const warning = plainTextWarning(paths, external);
  const announced = livingEndpoint(paths)?.coordinator.pid;
  // Each peer announces itself, whether it leads or not.
  const leader = announced === pid || readPeers(paths) ? null : (announced ?? null);
  const found = { workspace: paths.name, log: paths.coordinatorLog, warning, leader };
  if (external) {
    const join = `nexus-worker ${typedLine(externalJoinLine(paths, external))}${externalJoinFlags(external)}`;
    return { ...found, broker: shownUrl(external.url), join, isOpen: true };
  }
  const broker = runningBroker(paths);
  const joining = announced === pid ? joiningOf(paths) : null;
  return {
    ...found,
    broker: broker ? `${hostInUrl(broker.host)}:${broker.port}` : "nowhere yet",
    join: joining?.commands[0] ?? null,
    webSocket: joining?.webSocket ?? null,
    isOpen: joining?.opening === null,
    tunnel: joining?.tunnel ?? null,
    bootstrap: joining?.bootstrap ?? null,
    until: joining?.until ?? null,
  };
}

/** Prints each happening once, in lines for people or as one JSON object per line. */
export class HeadlessLines {
  readonly #where: () => Whereabouts;
  readonly #json: boolean;
  readonly #showsSecrets: boolean;
  readonly #write: (text: string) => void;
  #hasStoodBy = false;
  #hasSaidJoin = false;

  /** @param how.showsSecrets  whether the join line may stand where the lines go: services keep what they print */
  constructor(
    where: () => Whereabouts,
    how: { readonly json: boolean; readonly showsSecrets: boolean },
    write: (text: string) => void,
  ) {
    this.#where = where;
    this.#json = how.json;
    this.#showsSecrets = how.showsSecrets;
    this.#write = write;
  }

  tell(happening: Happening): void {
    switch (happening) {
      case "ready": {
        const { workspace, broker, log, warning } = this.#where();
        const lines = [`workspace ${workspace}; its broker listens on ${broker}`, `its log: ${log}`];
        this.#say({ type: "coordinator", v: 1, workspace, broker, log }, lines.join("\n"));
        if (warning) this.#say({ type: "warning", v: 1, warning }, warning);
        this.#sayJoin();
        break;
      }
      case "standing by": {
        this.#hasStoodBy = true;
        const { leader = null } = this.#where();
        const which = leader === null ? "" : ` (process ${leader})`;
        this.#say(
          { type: "standby", v: 1, leader },
          `standing by: another coordinator leads${which}; if it ends, this one leads; to end this one: Ctrl-C`,
        );
        break;
      }
      case "leading":
        if (this.#hasStoodBy || this.#json) this.#say({ type: "leading", v: 1 }, "this coordinator leads now");
        this.#sayJoin();
        break;
      default: {
        const never: never = happening;
        throw new RangeError(`unknown happening ${never}`);
      }
    }
  }

  #sayJoin(): void {
    const { join, webSocket, isOpen, tunnel, bootstrap, until = null } = this.#where();
    if (this.#hasSaidJoin || join === null) return;
    this.#hasSaidJoin = true;
    if (!this.#showsSecrets && withoutSecrets(join) !== join) {
      this.#say({ type: "join", v: 1, join: null }, "the join line is a secret; to get one, type here: nexus invite");
      return;
    }
    const where = isOpen ? "each machine that should join" : "this machine";
    const further = webSocket ? `\n  or, where no other port is open: ${webSocket}` : "";
    const shown = tunnel && this.#showsSecrets ? tunnel : null;
    const through = shown
      ? `\n  or through a tunnel: on another machine, run: ${shown.ssh}\n  and, while that runs: ${shown.command}`
      : "";
    const holdsUntil = isOpen || shown ? until : null;
    const holds = holdsUntil === null ? "" : `\n  it holds until ${momentText(holdsUntil)}; for another: nexus invite`;
    const without =
      bootstrap && this.#showsSecrets
        ? `\n  where there is no nexus-swarm, with Node 20 or newer: ${bootstrap.node}`
        : "";
    const ways = {
      ...(webSocket ? { webSocket } : {}),
      ...(shown ? { tunnel: shown } : {}),
      ...(without === "" ? {} : { bootstrap }),
    };
    this.#say(
      { type: "join", v: 1, join, ...ways, until: holdsUntil },
      `on ${where}, run: ${join}${further}${through}${without}${holds}`,
    );
  }

  #say(object: object, text: string): void {
    this.#write(`${this.#json ? JSON.stringify(object) : text}\n`);
  }
}
