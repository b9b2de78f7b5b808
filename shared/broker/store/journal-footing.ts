import { UsageError } from "../../errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../../machine/workspace.ts";
import type { StoredMessage } from "../../ports.ts";
import { pause } from "../../time/deadline.ts";
import { sealedEntries, splitEntry } from "../../wire/entry-seals.ts";
import { isJournalRecord } from "../../wire/messages.ts";
import { leaderKey, streams } from "../../wire/subjects.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { JournalDigest } from "./journal-digest.ts";
import { sealEntriesAnew } from "./seal-anew.ts";
import { ensureSealFile, readSeals, sealFile, type Unsealed, writeBefore } from "./seal-file.ts";
import { SealedBus } from "./sealed-bus.ts";

/** Messages among which the newest record is looked for. Only if its seal does not fit is more of the journal read. */
const newest = 64;
const tries = 6;
const behindMs = 500;

/** What the seals of a journal say. */
interface Survey {
  /** The first and the last message whose seal fits; 0: none does. */
  readonly firstFitting: number;
  readonly lastFitting: number;
  /** The last record with a seal that does not fit; 0: there is none. */
  readonly otherSeal: number;
  /** The first record behind the last fitting one, or of all if none fits; 0: there is none. */
  readonly firstBehind: number;
}

/**
 * Whether a coordinator may believe the journal that it is about to lead, and where its seals begin.
 *
 * A message whose seal does not fit is passed over if other seals fit: anyone may have put it there. But a coordinator
 * would pass over true records if its key fits nothing, or if another that lacks the key has led since. Then it must
 * not lead.
 */
export class JournalFooting {
  readonly #bus: SealedBus;
  readonly #paths: WorkspacePaths;
  /** Of the messages read so far, while it is unknown where the seals begin. */
  readonly #digest = new JournalDigest();

  constructor(bus: SealedBus, paths: WorkspacePaths) {
    this.#bus = bus;
    this.#paths = paths;
  }

  /** Call before leading. @throws UsageError that says where the key lies and what to type */
  async check(): Promise<void> {
    const last = await this.#bus.plain.lastSeq(streams.journal);
    const { before } = this.#bus;
    // A journal that ends sooner is another one: nothing of it has been believed yet.
    if (before !== null && last >= before.seq) {
      if (last === before.seq || (await this.#newestFits(before.seq, last))) this.#bus.judge();
      else await this.#judgeBy(await this.#survey(before.seq + 1, last), last);
      return;
    }
    if (before !== null) this.#forget();
    await this.#judgeBy(await this.#survey(1, last), last);
  }

  /** Call after the first record of a reign is stored. @param seq  its sequence */
  async begun(seq: number): Promise<void> {
    if (this.#bus.before !== null) {
      // Whoever replaced the key may have ended before it did so.
      await sealEntriesAnew(this.#bus);
      return;
    }
    this.#begin({ seq: seq - 1, digest: await this.#digestTo(seq - 1) });
    await this.#sealEntries();
  }

  #forget(): void {
    writeBefore(this.#paths, null);
    this.#bus.reopen();
    this.#digest.restart();
  }

  #begin(before: Unsealed): void {
    writeBefore(this.#paths, before);
    this.#bus.judge(before);
  }

  async #newestFits(before: number, last: number): Promise<boolean> {
    let fits = false;
    const look = (message: StoredMessage): void => {
      if (isJournalRecord(message.msgId)) fits = this.#bus.fits(message);
    };
    await readUpTo(this.#bus.plain, streams.journal, last, look, { first: Math.max(before + 1, last - newest + 1) });
    return fits;
  }

  async #survey(first: number, last: number): Promise<Survey> {
    let [firstFitting, lastFitting, otherSeal, firstBehind] = [0, 0, 0, 0];
    const look = (message: StoredMessage): void => {
      const { seq, msgId, seal = "" } = message;
      if (isJournalRecord(msgId) && this.#bus.fits(message)) {
        firstFitting ||= seq;
        lastFitting = seq;
        firstBehind = 0;
        return;
      }
      if (firstFitting === 0) this.#digest.add(message);
      if (!isJournalRecord(msgId)) return;
      if (seal !== "") otherSeal = seq;
      firstBehind ||= seq;
    };
    await readUpTo(this.#bus.plain, streams.journal, last, look, { first });
    return { firstFitting, lastFitting, otherSeal, firstBehind };
  }

  async #judgeBy({ firstFitting, lastFitting, otherSeal, firstBehind }: Survey, last: number): Promise<void> {
    const { before } = this.#bus;
    if (firstFitting === 0) {
      const isOthers = before === null ? otherSeal > 0 : firstBehind > 0;
      if (isOthers) throw this.#refusal(`record ${otherSeal || firstBehind}`, last);
      if (before !== null) this.#bus.judge();
      return;
    }
    if (firstBehind > 0 && (await this.#isLedByOthers()))
      throw this.#refusal(`record ${firstBehind}, after record ${lastFitting}`, last);
    if (before === null) this.#begin({ seq: firstFitting - 1, digest: await this.#digestTo(firstFitting - 1) });
    else this.#bus.judge();
  }

  /** The bucket alone can tell: only coordinators may write it. */
  async #isLedByOthers(): Promise<boolean> {
    const entry = await this.#bus.plain.entries.get(leaderKey);
    return entry !== null && !this.#bus.fitsEntry(leaderKey, entry.value);
  }

  #refusal(record: string, last: number): UsageError {
    const file = sealFile(this.#paths);
    return new UsageError(
      `workspace ${this.#paths.name}: ${record}, of ${last} in the journal, was not sealed with the key in ${file}: ` +
        "another coordinator wrote it, which has another key or is of an earlier version; this one does not lead\n" +
        "  if it has another key: end this one, copy secrets/seal.json from that machine over this file (mode 0600), start again\n" +
        "  if it is of an earlier version: update it, or let it lead alone\n" +
        `  if its key is lost, or it is not to return, and all that it wrote is to count:  nexus${workspaceFlags(this.#paths.name)} repair --accept-journal`,
    );
  }

  async #digestTo(seq: number): Promise<string> {
    if (this.#digest.to > seq) this.#digest.restart();
    const take = (message: StoredMessage): void => this.#digest.add(message);
    // In a cluster a copy that is a little behind may be the one that answers.
    for (let left = tries; this.#digest.to < seq && left > 0; left -= 1) {
      if (left < tries) await pause(behindMs);
      await readUpTo(this.#bus.plain, streams.journal, seq, take, { first: this.#digest.to + 1 });
    }
    return this.#digest.hex();
  }

  /** Seals older entries, so that they stay believed; the leader's own is renewed all the time. */
  async #sealEntries(): Promise<void> {
    const { plain, entries } = this.#bus;
    for (const name of sealedEntries) {
      const found = name === leaderKey ? null : await plain.entries.get(name);
      if (found && !splitEntry(name, found.value)) await entries.update(name, found.value, found.revision);
    }
  }

  /** Believes the whole journal as it is now, whoever wrote it. @returns its last sequence */
  static async accept(bus: CoordinatorBus, paths: WorkspacePaths): Promise<number> {
    const plain = bus instanceof SealedBus ? bus.plain : bus;
    ensureSealFile(paths);
    const seals = readSeals(paths);
    if (!seals) throw new Error("a key was made, but there is none");
    const footing = new JournalFooting(new SealedBus(plain, { ...seals, before: null }), paths);
    const seq = await plain.lastSeq(streams.journal);
    writeBefore(paths, { seq, digest: await footing.#digestTo(seq) });
    return seq;
  }
}
