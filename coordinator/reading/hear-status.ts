import type { Bus } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeStatus, type Status } from "../../shared/wire/messages.ts";
import { status as statusSubject } from "../../shared/wire/subjects.ts";

/** A leader publishes its status once a second, less often in a large swarm. */
const patienceMs = 1500;

/** What the leader says about its workers; undefined if no leader answers in time. */
export async function hearStatus(bus: Bus): Promise<Status | undefined> {
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
        if (!(error instanceof BadMessage)) throw error; // from a newer leader: counts as none
      }
    });
    const timer = setTimeout(finish, patienceMs);
  });
}
