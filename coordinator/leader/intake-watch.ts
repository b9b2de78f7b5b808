import { isWorkerId, type WorkerId } from "../../shared/domain/names.ts";
import { lookOften } from "./look-often.ts";
import type { Reign } from "./reign/reign.ts";
import { cutOff, heldBy } from "./rules/quotas.ts";

const everyMs = 500;
/** Messages of EV that are stored and not judged, beyond which something is wrong if it lasts. */
const mostBehind = 300;
/** A leader that catches up on what was stored while it was away judges more than this between two looks. */
const readingOn = 1000;
const samples = 16;
/** A worker with at least this part of the samples is examined. If two flood, first one is found, then the other. */
const mostShare = 0.4;
/** Bytes that EV has grown by between two looks while hardly anything of it was handed on. */
const mostGrown = 8e6;
/** Bytes of one message of a worker of ours: most are a few hundred, and a console or files' names make them longer. */
const usualBytes = 100_000;

/** What keeps EV open for all workers when one of them floods it. */
export interface Intake {
  /** Refuses what the broker holds for EV and has not stored. */
  drop(): Promise<void>;
  /** Undoes what a leader that died in `drop` left. */
  reopen(): Promise<void>;
  /** Sequence of EV's newest message, and the bytes of all. */
  reach(): Promise<{ readonly lastSeq: number; readonly bytes: number }>;
  /** Subjects of those of these messages that exist. */
  subjectsOf(seqs: readonly number[]): Promise<string[]>;
}

/**
 * Finds a worker that stores so much that the broker hands on nothing any more: while one connection floods EV,
 * nats-server 2.10.27 gave its readers five messages in 12 s (2026-11-28), so counting what is read shows nothing. The
 * broker still tells how far EV reaches, and gives single messages. If the leader is behind at two looks in a row, it
 * samples the messages that it has not judged: their subjects name their workers. A worker of ours cannot have more of
 * them than its runs explain, because a slot waits until its last result is judged.
 *
 * @returns what ends it
 */
export function watchIntake(reign: Reign, intake: Intake): () => void {
  let before = { judged: reign.evidence.judged, bytes: Number.POSITIVE_INFINITY, isBehind: false };
  const look = async (): Promise<void> => {
    const { lastSeq: last, bytes } = await intake.reach();
    const { judged } = reign.evidence;
    const grown = bytes - before.bytes;
    const isMuch = last - judged > mostBehind || (last > judged && grown > mostGrown);
    const isBehind = isMuch && judged - before.judged < readingOn;
    const wasBehind = before.isBehind;
    before = { judged, bytes, isBehind };
    if (isBehind && wasBehind && reign.ports.leads()) await findFlooder(reign, intake, { judged, last, grown });
  };
  return lookOften(reign.ports.clock, everyMs, look);
}

async function findFlooder(
  reign: Reign,
  intake: Intake,
  { judged, last, grown }: { readonly judged: number; readonly last: number; readonly grown: number },
): Promise<void> {
  // Long messages count as many.
  const behind = Math.max(last - judged, grown / usualBytes + mostBehind);
  const seqs = [
    ...new Set(
      Array.from({ length: samples }, (_, i) => judged + 1 + Math.floor((i * (last - judged - 1)) / (samples - 1))),
    ),
  ];
  const counts = new Map<WorkerId, number>();
  let found = 0;
  for (const subject of await intake.subjectsOf(seqs)) {
    found += 1;
    const [, worker = ""] = subject.split(".");
    if (isWorkerId(worker)) counts.set(worker, (counts.get(worker) ?? 0) + 1);
  }
  const [worker, count] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), none);
  // One sample says little about a worker with few messages.
  if (count === 0 || count < mostShare * found) return;
  const { earnedByRun, earnedBySecond } = reign.quotas.limits;
  const explained = mostBehind + heldBy(reign, worker) * (earnedByRun + (2 * everyMs * earnedBySecond) / 1000);
  if ((count / found) * behind > explained) cutOff(reign, worker, "it stored more than the broker can hand on");
}

const none: readonly [WorkerId, number] = ["" as WorkerId, 0];
