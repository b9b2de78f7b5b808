/** A run that was heard less than this ago is not silent, however often the others report. */
const leastMs = 120_000;
/** The same until a run has been watched to its end: runs may report often at first and then no more. */
const firstMs = 900_000;
/** A run is silent after this multiple of the longest pause between two reports of the job's runs. */
const pauses = 3;

/** Which runs of a job have sent no report for long, by what its runs have shown to be usual. Times are monotonic milliseconds. */
export class ReportSilence {
  /** By trial number: when the run was last heard, and how far it had come according to the leader. */
  readonly #heard = new Map<number, { at: number; iters: number }>();
  /** The longest time between two reports of one run; undefined before a run has reported twice. */
  #longest: number | undefined;
  #hasSeenEnd = false;

  /** Reports of a run came in. */
  heard(n: number, now: number): void {
    const known = this.#heard.get(n);
    if (known) this.#longest = Math.max(this.#longest ?? 0, now - known.at);
    this.#heard.set(n, { at: now, iters: known?.iters ?? 0 });
  }

  /** The leader says how far a run has come: more than before is a sign of life too. */
  saidBy(n: number, iters: number, now: number): void {
    const known = this.#heard.get(n);
    if (!known) this.#heard.set(n, { at: now, iters });
    else if (iters > known.iters) Object.assign(known, { at: now, iters });
  }

  /** For how long a run has said nothing, if that is unusual; undefined: it is not, or nobody can tell. */
  silentMs(n: number, now: number): number | undefined {
    const since = this.#heard.get(n)?.at;
    if (since === undefined || this.#longest === undefined) return undefined;
    const silent = now - since;
    return silent > Math.max(this.#hasSeenEnd ? leastMs : firstMs, pauses * this.#longest) ? silent : undefined;
  }

  /** A run ended, which it may do long after its last report. */
  ended(n: number, now: number): void {
    if (!this.#heard.has(n)) return;
    this.heard(n, now);
    this.forget(n);
    this.#hasSeenEnd = true;
  }

  /** The run has ended, is paused or frozen, or nobody holds it: its silence says nothing. */
  forget(n: number): void {
    this.#heard.delete(n);
  }

  clear(): void {
    this.#heard.clear();
    this.#longest = undefined;
    this.#hasSeenEnd = false;
  }
}
