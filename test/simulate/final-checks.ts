import { foldJournal } from "../../shared/broker/store/journal-reader.ts";
import { FoldError } from "../../shared/domain/fold/fold-error.ts";
import { apply, emptyWorkspace } from "../../shared/domain/fold/workspace-state.ts";
import type { InvariantCheck } from "../../shared/domain/invariants/invariants.ts";
import { BusError } from "../../shared/ports.ts";
import { decodeEvents, isJournalRecord } from "../../shared/wire/messages.ts";
import type { SimBroker } from "./sim-broker.ts";
import { SimBus } from "./sim-bus.ts";
import { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

/** Folds the whole journal, as the next leader and every reader would, and checks the state against the records. */
export function checkFold(broker: SimBroker, check: InvariantCheck, crashes: string[]): void {
  const state = emptyWorkspace();
  try {
    for (let seq = 1; seq <= broker.journal.lastSeq; seq += 1) {
      const message = broker.journal.at(seq);
      if (!message || !isJournalRecord(message.msgId)) continue;
      for (const event of decodeEvents(message.data)) apply(state, event);
    }
    check.compare(state);
  } catch (error) {
    if (!(error instanceof FoldError)) throw error;
    crashes.push(`the journal cannot be folded: ${error.message}`);
  }
}

/** Folds from the newest snapshot, as a reader would, and checks the state against the records. */
export async function checkSnapshot(
  timeline: Timeline,
  broker: SimBroker,
  check: InvariantCheck,
  crashes: string[],
): Promise<void> {
  const reader = new SimProcess(timeline, "reader", "reader");
  const bus = new SimBus(broker, reader);
  let isDone = false;
  const read = async (): Promise<void> => {
    for (;;) {
      try {
        const { state, unusable } = await foldJournal(bus, reader.clock);
        check.compare(state);
        if (unusable !== "") crashes.push(`the snapshot cannot be used: ${unusable}`);
        return;
      } catch (error) {
        // The reader's questions may be lost like anyone's; it asks again.
        if (!(error instanceof BusError)) throw error;
      }
    }
  };
  read()
    .catch((error: unknown) => void crashes.push(`the journal cannot be read: ${String(error)}`))
    .finally(() => {
      isDone = true;
    });
  const limit = timeline.now + 600_000;
  await timeline.run(() => isDone || timeline.now > limit);
  if (!isDone) crashes.push("the journal was not read within 10 min");
  reader.kill();
}
