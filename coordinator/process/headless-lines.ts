/** What a coordinator that runs in the foreground says of itself, to whoever started it. */

import { hostInUrl } from "../../shared/broker/address.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";
import { joiningOf } from "../endpoint/join-lines.ts";

/** What happens to a coordinator, as `HeadlessLines` tells it. */
export type Happening = "ready" | "standing by" | "leading";

/** Where a coordinator, its broker and its log are found. */
export interface Whereabouts {
  readonly workspace: string;
  /** `127.0.0.1:4222`, or the URL of someone else's broker. */
  readonly broker: string;
  readonly log: string;
  /** What is typed to join, a secret; null while another coordinator of this machine is the one to be joined. */
  readonly join: string | null;
  /** Whether other machines may type it as well. */
  readonly isOpen: boolean;
}

/** @param pid  of the coordinator that asks */
export function whereaboutsOf(paths: WorkspacePaths, external: ExternalBroker | null, pid: number): Whereabouts {
  const found = { workspace: paths.name, log: paths.coordinatorLog };
  if (external) {
    const join = `nexus-worker ${externalJoinLine(paths, external)}${externalJoinFlags(external)}`;
    return { ...found, broker: external.url.replaceAll(/[^@/,]*@/g, ""), join, isOpen: true };
  }
  const broker = runningBroker(paths);
  const joining = livingEndpoint(paths)?.coordinator.pid === pid ? joiningOf(paths) : null;
  return {
    ...found,
    broker: broker ? `${hostInUrl(broker.host)}:${broker.port}` : "nowhere yet",
    join: joining?.commands[0] ?? null,
    isOpen: joining?.opening === null,
  };
}

/** Tells each happening once, in lines for people or in JSON objects, a line each. */
export class HeadlessLines {
  readonly #where: () => Whereabouts;
  readonly #json: boolean;
  readonly #write: (text: string) => void;
  #hasStoodBy = false;
  #hasSaidJoin = false;

  constructor(where: () => Whereabouts, json: boolean, write: (text: string) => void) {
    this.#where = where;
    this.#json = json;
    this.#write = write;
  }

  tell(happening: Happening): void {
    switch (happening) {
      case "ready": {
        const { workspace, broker, log } = this.#where();
        const lines = [`workspace ${workspace}; its broker listens on ${broker}`, `its log: ${log}`];
        this.#say({ type: "coordinator", v: 1, workspace, broker, log }, lines.join("\n"));
        this.#sayJoin();
        break;
      }
      case "standing by":
        this.#hasStoodBy = true;
        this.#say({ type: "standby", v: 1 }, "standing by: another coordinator leads");
        break;
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
    const { join, isOpen } = this.#where();
    if (this.#hasSaidJoin || join === null) return;
    this.#hasSaidJoin = true;
    this.#say(
      { type: "join", v: 1, join },
      `on ${isOpen ? "any machine that shall help" : "this machine"}, type: ${join}`,
    );
  }

  #say(object: object, text: string): void {
    this.#write(`${this.#json ? JSON.stringify(object) : text}\n`);
  }
}
