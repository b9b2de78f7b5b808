import { type PiecedBundle, piecedBundles } from "../../../shared/domain/code-bundle.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { pieceNames } from "../../../shared/wire/bundles/pieced-bundle.ts";
import { chunkBytes } from "../../../shared/wire/sealed-chunks.ts";
import type { BundleStore, ReignPorts } from "./ports.ts";

/** Pieces that no job cites may belong to an upload in progress, or to one that will be retried. */
const orphanMs = 24 * 3_600_000;
/** What jobs that are over bring along stays for `nexus download` and `nexus confirm`, the newest first, up to this part of BLOB. */
const shareOfOver = 0.25;
const bytesOfOver = 8e9;

const names = new WeakMap<PiecedBundle, readonly string[]>();

function namesOf(bundle: PiecedBundle): readonly string[] {
  let found = names.get(bundle);
  if (!found) {
    found = pieceNames(bundle);
    names.set(bundle, found);
  }
  return found;
}

const bundlesOf = ({ submitted }: RunTable): PiecedBundle[] => piecedBundles(submitted);

/** Which pieces jobs need. @param most  bytes that BLOB takes; -1: not limited */
export function neededPieces({ jobs }: WorkspaceState, most: number): Set<string> {
  const needed = new Set<string>();
  const tables = [...jobs.values()];
  for (const table of tables) {
    if (table.isOver) continue;
    for (const bundle of bundlesOf(table)) for (const name of namesOf(bundle)) needed.add(name);
  }
  let left = (most < 0 ? bytesOfOver : most * shareOfOver) / chunkBytes;
  for (const table of tables.reverse()) {
    if (!table.isOver) continue;
    const fresh = new Set(
      bundlesOf(table)
        .flatMap(namesOf)
        .filter((name) => !needed.has(name)),
    );
    left -= fresh.size;
    if (left < 0) break;
    for (const name of fresh) needed.add(name);
  }
  return needed;
}

/** Keeps the pieces that jobs need, and deletes what nobody has needed for a day. */
export class BundlePieces {
  readonly #ports: Pick<ReignPorts, "bundles" | "clock" | "leads">;
  readonly #state: WorkspaceState;
  /** Since when nobody needs a piece, in monotonic milliseconds. */
  #needless = new Map<string, number>();
  /** Pieces of each order that is just being carried out: two may want the same. */
  readonly #ordered = new Set<ReadonlySet<string>>();
  #sweeping: Promise<void> = Promise.resolve();

  constructor(ports: Pick<ReignPorts, "bundles" | "clock" | "leads">, state: WorkspaceState) {
    this.#ports = ports;
    this.#state = state;
  }

  /**
   * Tells `accept` how many pieces of an order's bundles the broker lacks. None that it has is deleted until `accept`
   * has settled.
   *
   * @param accept  records the job, if none is missing
   */
  async whileThere<T>(bundles: readonly PiecedBundle[], accept: (missing: number) => Promise<T>): Promise<T> {
    const { bundles: store } = this.#ports;
    const wanted = new Set(bundles.flatMap(namesOf));
    if (!store || wanted.size === 0) return accept(0);
    this.#ordered.add(wanted);
    try {
      // The pieces that a sweep is deleting may still be listed.
      await this.#sweeping;
      const stored = await store.pieces();
      return await accept([...wanted].filter((name) => !stored.has(name)).length);
    } finally {
      this.#ordered.delete(wanted);
    }
  }

  /**
   * Deletes at once the pieces of a deleted job's bundles that no job has, not even one that is over.
   *
   * @returns how many stored pieces that were
   */
  async forget(bundles: readonly PiecedBundle[]): Promise<number> {
    const { bundles: store } = this.#ports;
    return store && bundles.length > 0 ? this.#inTurn(() => this.#forget(store, bundles)) : 0;
  }

  async #forget(store: BundleStore, bundles: readonly PiecedBundle[]): Promise<number> {
    const stored = await store.pieces();
    const needed = new Set([...this.#state.jobs.values()].flatMap(bundlesOf).flatMap(namesOf));
    const needless = new Set(bundles.flatMap(pieceNames).filter((name) => !needed.has(name) && !this.#isOrdered(name)));
    const doomed = [...needless].flatMap((name) => stored.get(name) ?? []);
    await this.#drop(store, doomed);
    return doomed.length;
  }

  /**
   * Deletes what nobody has needed for a day. Rejects if the broker does not answer; the next sweep makes up for it.
   *
   * @param most  bytes that BLOB takes; -1: not limited
   */
  async sweep(most: number): Promise<void> {
    const { bundles: store } = this.#ports;
    if (store) await this.#inTurn(() => this.#sweep(store, most));
  }

  #isOrdered(name: string): boolean {
    return [...this.#ordered].some((wanted) => wanted.has(name));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#sweeping.then(work);
    this.#sweeping = result.then(
      () => undefined,
      () => undefined, // the caller hears of it
    );
    return result;
  }

  async #sweep(store: BundleStore, most: number): Promise<void> {
    const stored = await store.pieces();
    const now = this.#ports.clock.monotonic();
    const needed = neededPieces(this.#state, most);
    const since = new Map<string, number>();
    const doomed: number[] = [];
    for (const [name, seqs] of stored) {
      if (needed.has(name) || this.#isOrdered(name)) continue;
      const at = this.#needless.get(name) ?? now;
      if (now - at >= orphanMs) doomed.push(...seqs);
      else since.set(name, at);
    }
    this.#needless = since;
    await this.#drop(store, doomed);
  }

  async #drop(store: BundleStore, doomed: readonly number[]): Promise<void> {
    for (const seq of doomed) {
      // A newer leader may have accepted a job with these pieces: only that leader may delete them.
      if (!this.#ports.leads()) return;
      await store.drop(seq);
    }
  }
}
