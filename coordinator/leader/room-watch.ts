import { checkpointOf } from "../../shared/domain/fold/workspace-state.ts";
import { isWorkerId, type WorkerId } from "../../shared/domain/names.ts";
import { type QuotaRoom, roomBytes } from "../../shared/domain/quotas.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { parseChunk } from "../../shared/wire/subjects.ts";
import { lookOften } from "./look-often.ts";
import type { Reign } from "./reign/reign.ts";
import { cutOff } from "./rules/quotas.ts";

/** How full a stream is. */
export interface Fullness {
  readonly bytes: number;
  readonly messages: number;
  readonly lastSeq: number;
  /** Bytes that it takes; -1: not limited. */
  readonly most: number;
}

/** What workers have stored, asked of the broker. */
export interface StoredSizes {
  fullness(of: "evidence" | "blob"): Promise<Fullness>;
  /** Tells the subject and size of each message that exists from `first` to `last`. */
  sizes(
    of: "evidence" | "blob",
    first: number,
    last: number,
    hear: (subject: string, bytes: number) => void,
  ): Promise<void>;
  /** Subjects of all workers' pieces in BLOB. */
  pieces(): Promise<string[]>;
}

const resultsEveryMs = 1000;
const totalsEveryMs = 5000;
const piecesEveryMs = 60_000;
/** The part of the room for results that one worker may fill with other messages before it is cut off. */
const mostBeside = 0.2;
/** Once more than this many times the room for results is free, everything is taken again. */
const enoughAgain = 1.25;

/**
 * Keeps room in EV and BLOB for everybody: the last part of EV for results, and no worker may have more than its part of either.
 *
 * @returns what ends it
 */
export function watchRoom(reign: Reign, stored: StoredSizes): () => void {
  const watch = new RoomWatch(reign, stored);
  const { clock } = reign.ports;
  const ends = [
    lookOften(clock, resultsEveryMs, () => watch.lookAtResults()),
    lookOften(clock, totalsEveryMs, () => watch.lookAtTotals()),
  ];
  return () => {
    for (const end of ends) end();
  };
}

export class RoomWatch {
  readonly #reign: Reign;
  readonly #stored: StoredSizes;
  /** Bytes in EV by worker, of the messages up to `#countedTo`. */
  #evidence = new Map<WorkerId, number>();
  #countedTo = 0;
  #purged = 0;
  /** Sizes of the pieces in BLOB. */
  #pieces = new Map<string, number>();
  #piecesTo = 0;
  #piecesAt = Number.NEGATIVE_INFINITY;

  constructor(reign: Reign, stored: StoredSizes) {
    this.#reign = reign;
    this.#stored = stored;
  }

  /**
   * Tells workers when only results have room in EV. Those that support this hold their reports back until their runs
   * end; one that keeps storing other messages is cut off.
   */
  async lookAtResults(): Promise<void> {
    const reign = this.#reign;
    const { bytes, most } = await this.#stored.fullness("evidence");
    if (!reign.ports.leads()) return;
    const { quotas, ports } = reign;
    const room = most < 0 ? 0 : Math.min(roomBytes(quotas.limits.results, most), most);
    const left = most - bytes;
    const isTight = room > 0 && left < room * (reign.onlyResults ? enoughAgain : 1);
    if (isTight === reign.onlyResults) return;
    reign.onlyResults = isTight;
    quotas.besideResults.allowance = { perSecond: 0, atOnce: room * mostBeside };
    quotas.besideResults.clear();
    const text = isTight
      ? `EV has ${sizeText(Math.max(left, 0))} left of ${sizeText(most)}, which are kept for results: workers hold their reports and checkpoints back; delete jobs that are over (nexus delete job1) or what a worker has stored (nexus purge worker NAME), or, if your only broker lies on this machine and its disk had little room, free some and start nexus-coord again`
      : "EV has room for reports and checkpoints again";
    ports.log.warn({ bytes, most }, text);
    ports.tell(null, { kind: "renew", term: reign.term });
  }

  async lookAtTotals(): Promise<void> {
    await this.#lookAtEvidence();
    await this.#lookAtPieces();
  }

  /** While all workers together have less than one may, nothing is counted. */
  async #lookAtEvidence(): Promise<void> {
    const { limits } = this.#reign.quotas;
    const { bytes, most, lastSeq } = await this.#stored.fullness("evidence");
    const limit = roomBytes(limits.evidence, most);
    if (bytes <= limit || !this.#holdsFor(limits.evidence)) return;
    const purged = this.#reign.state.purges.messages;
    if (purged !== this.#purged || lastSeq < this.#countedTo) {
      this.#evidence = new Map();
      this.#countedTo = 0;
      this.#purged = purged;
    }
    await this.#stored.sizes("evidence", this.#countedTo + 1, lastSeq, (subject, size) =>
      add(this.#evidence, subject, size),
    );
    this.#countedTo = lastSeq;
    this.#cutOff(this.#evidence, limit, "messages");
  }

  async #lookAtPieces(): Promise<void> {
    const { quotas, ports } = this.#reign;
    const { bytes, most, lastSeq } = await this.#stored.fullness("blob");
    this.#reign.blobMost = most;
    const limit = roomBytes(quotas.limits.pieces, most);
    const now = ports.clock.monotonic();
    if (bytes <= limit || !this.#holdsFor(quotas.limits.pieces) || now - this.#piecesAt < piecesEveryMs) return;
    this.#piecesAt = now;
    if (lastSeq < this.#piecesTo) this.#piecesTo = 0;
    await this.#stored.sizes("blob", this.#piecesTo + 1, lastSeq, (subject, size) => {
      this.#pieces.set(subject, size);
    });
    this.#piecesTo = lastSeq;
    const there = new Map<string, number>();
    const totals = new Map<WorkerId, number>();
    for (const subject of await this.#stored.pieces()) {
      const size = this.#pieces.get(subject) ?? 0;
      there.set(subject, size);
      if (!this.#isKeptForFailure(subject)) add(totals, subject, size);
    }
    this.#pieces = there;
    this.#cutOff(totals, limit, "states and files");
  }

  /** Whether it is of a run that failed elsewhere: its maker would have been rid of it. */
  #isKeptForFailure(subject: string): boolean {
    const { state } = this.#reign;
    const piece = parseChunk(subject);
    if (!piece || state.jobs.get(piece.job)?.trials.glance(piece.n)?.status !== "failed") return false;
    const kept = checkpointOf(state, piece.job, piece.n);
    return kept?.worker === piece.worker && kept.attempt === piece.attempt && kept.blob === piece.blob;
  }

  /** Whether a limit applies. Unless it is given in bytes, it spares a single worker, which takes room from nobody. */
  #holdsFor(room: QuotaRoom): boolean {
    if ("bytes" in room) return true;
    let admitted = 0;
    for (const { state } of this.#reign.state.workers.values()) if (state === "admitted") admitted += 1;
    return admitted > 1;
  }

  #cutOff(totals: ReadonlyMap<WorkerId, number>, limit: number, what: string): void {
    if (!this.#reign.ports.leads()) return;
    for (const [worker, bytes] of totals) {
      if (bytes <= limit || !this.#reign.state.workers.has(worker)) continue;
      const said = `it has stored ${sizeText(bytes)} of ${what}, where ${sizeText(limit)} are allowed`;
      cutOff(this.#reign, worker, `${said}; to make room: nexus purge worker ${worker}`, "fills");
    }
  }
}

function add(totals: Map<WorkerId, number>, subject: string, size: number): void {
  const [, worker = ""] = subject.split(".", 2);
  if (isWorkerId(worker)) totals.set(worker, (totals.get(worker) ?? 0) + size);
}
