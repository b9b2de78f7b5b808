import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { holdBroker } from "../../../shared/broker/server/server.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { encodeEvents } from "../../../shared/wire/messages.ts";
import { journalJob, journalOperator, journalTrial } from "../../../shared/wire/subjects.ts";
import { patienceMs } from "../patience.ts";

/** Messages in flight at once; more would only fill the connection's buffer. */
const inFlight = 1000;

/** A message for EV or BLOB. */
export interface ToldMessage {
  readonly subject: string;
  readonly data: Uint8Array;
}

/**
 * Writes a journal, and messages of other streams, into a workspace's store through its own broker. Resolves once that
 * broker has ended.
 */
export async function tellWorkspace(
  paths: WorkspacePaths,
  events: readonly JournalEvent[],
  messages: readonly ToldMessage[] = [],
): Promise<void> {
  const held = await holdBroker(paths, { kind: "reader" });
  try {
    const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
    try {
      await ensureStreams(bus, paths.store, 1);
      for (let from = 0; from < events.length; from += inFlight) {
        const stored = events.slice(from, from + inFlight).map((event, i) => {
          return bus.store(subjectOf(event), encodeEvents([event]), {
            msgId: `1.told.${from + i}`,
            timeoutMs: patienceMs,
          });
        });
        await Promise.all(stored);
      }
      for (const [i, { subject, data }] of messages.entries()) {
        await bus.store(subject, data, { msgId: `told.${i}`, timeoutMs: patienceMs });
      }
    } finally {
      await bus.close();
    }
  } finally {
    await held.release();
  }
}

function subjectOf(event: JournalEvent): string {
  if ("n" in event) return journalTrial(event.job, event.n);
  return "job" in event ? journalJob(event.job) : journalOperator;
}
