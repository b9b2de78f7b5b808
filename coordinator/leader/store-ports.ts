import type { QuotaLimits } from "../../shared/domain/quotas.ts";
import type { Bus } from "../../shared/ports.ts";
import { encodeControl } from "../../shared/wire/messages.ts";
import { control, controlAll, streams } from "../../shared/wire/subjects.ts";
import type { Intake } from "./intake-watch.ts";
import type { ReignPorts } from "./reign/ports.ts";

export interface StorePorts
  extends Pick<ReignPorts, "clock" | "log" | "purger" | "bundles" | "rotate" | "ownSearches"> {
  readonly bus: Bus;
  /** What keeps EV open for the others when a worker has flooded it; a simulation leaves it out. */
  readonly intake?: Intake;
  /** What one worker may ask and store now. Left out: `usualQuotas`. */
  quotas?(): QuotaLimits;
}

/** What a reign needs of the broker and its process, without the journal and the list of users. */
export function storePorts({
  bus,
  intake,
  quotas,
  clock,
  log,
  purger,
  bundles,
  rotate,
  ownSearches,
}: StorePorts): Omit<ReignPorts, "append" | "flushed" | "publishUsers" | "leads"> {
  return {
    clock,
    log,
    purger,
    bundles,
    rotate,
    ownSearches,
    ...(quotas ? { quotas: quotas() } : {}),
    tell: (worker, message) => bus.publish(worker === null ? controlAll : control(worker), encodeControl(message)),
    discard: (subject) =>
      void bus.purge(streams.blob, subject).catch((error: unknown) => {
        // The sweep will find them.
        log.warn({ subject, error: String(error) }, "pieces of a run's state could not be deleted");
      }),
    dropUnstored: async () => {
      try {
        await intake?.drop();
      } catch (error) {
        log.error(`what a worker had sent could not be dropped: ${String(error)}`);
      }
    },
    lastEvidence: () => bus.lastSeq(streams.evidence),
    stateSubjects: (pattern) => bus.subjects(streams.blob, pattern),
  };
}
