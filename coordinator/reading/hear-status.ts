import { readPeers } from "../../shared/broker/peers/peers.ts";
import type { Bus } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeStatus, type Status } from "../../shared/wire/messages.ts";
import { status as statusSubject } from "../../shared/wire/subjects.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";
import type { Scope } from "../operator/scope.ts";

/** A leader tells its status each second, a large swarm's more seldom. */
const patienceMs = 1500;

/** What the leader tells of its workers; undefined where none tells in time, at once where no coordinator runs here. */
export async function hearStatus(bus: Bus, scope: Scope): Promise<Status | undefined> {
  if (!isCoordinatorHere(scope)) return undefined;
  return new Promise((resolve) => {
    const finish = (heard?: Status): void => {
      clearTimeout(timer);
      stop();
      resolve(heard);
    };
    const stop = bus.subscribe(statusSubject, (_, bytes) => {
      try {
        finish(decodeStatus(bytes));
      } catch (error) {
        if (!(error instanceof BadMessage)) throw error; // of a newer leader: as good as none
      }
    });
    const timer = setTimeout(finish, patienceMs);
  });
}

/** Whether a coordinator may lead this workspace now: one of this machine, or others' broker, of which nothing is known. */
export const isCoordinatorHere = ({ paths, external }: Scope): boolean =>
  external !== null || readPeers(paths) !== undefined || livingEndpoint(paths) !== undefined;

/** What is said where nothing goes on because nobody leads. */
export const nobodyLeads = (flags: string): string =>
  `no coordinator runs on this machine, so nothing new is given out; to go on: nexus-coord${flags}\n`;
