import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { Bus } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeStatus, type Status } from "../../shared/wire/messages.ts";
import { asksWhoHears, statusPatienceMs } from "../../shared/wire/status.ts";
import { status as statusSubject } from "../../shared/wire/subjects.ts";

/**
 * What the leader says about its workers; undefined if no leader answers in time.
 *
 * @param state  tells how long to wait: in a large swarm the leader speaks less often
 */
export async function hearStatus(
  bus: Pick<Bus, "subscribe">,
  state: WorkspaceState | Promise<WorkspaceState>,
): Promise<Status | undefined> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const finish = (heard?: Status): void => {
      isOver = true;
      clearTimeout(timer);
      stop();
      resolve(heard);
    };
    const stop = bus.subscribe(statusSubject, (_, bytes) => {
      if (asksWhoHears(bytes)) return;
      try {
        finish(decodeStatus(bytes));
      } catch (error) {
        if (!(error instanceof BadMessage)) throw error; // from a newer leader: counts as none
      }
    });
    Promise.resolve(state).then(
      (known) => {
        if (!isOver) timer = setTimeout(finish, statusPatienceMs(rowsOf(known)));
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

/** Workers and leases. */
const rowsOf = ({ workers, jobs }: WorkspaceState): number =>
  [...jobs.values()].reduce((sum, { running }) => sum + running, workers.size);
