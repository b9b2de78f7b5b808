import type { JobName, WorkerId } from "./names.ts";

/** A worker's right to a trial until a time. Times are monotonic milliseconds of the coordinator that grants it. */
export interface Lease {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly bootId: string;
  expiresAt: number;
  /** False after the coordinator took over, reconnected or stalled: a loss is then not the machine's fault. */
  charged: boolean;
}

const keyOf = (job: JobName, n: number): string => `${job}/${n}`;

/** Who holds which trial until when. All leases have the same length, so they expire in the order in which they were renewed. */
export class LeaseTable {
  readonly #leases = new Map<string, Lease>();
  /** The same leases by worker. */
  readonly #holders = new Map<WorkerId, Set<Lease>>();
  readonly #leaseMs: number;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  get size(): number {
    return this.#leases.size;
  }

  grant(lease: Omit<Lease, "expiresAt" | "charged">, now: number, charged = true): void {
    this.end(lease.job, lease.n);
    const { job, n, attempt, worker, bootId } = lease;
    const granted = { job, n, attempt, worker, bootId, expiresAt: now + this.#leaseMs, charged };
    this.#leases.set(keyOf(job, n), granted);
    const held = this.#holders.get(worker);
    if (held) held.add(granted);
    else this.#holders.set(worker, new Set([granted]));
  }

  of(job: JobName, n: number): Lease | undefined {
    return this.#leases.get(keyOf(job, n));
  }

  /** Extends a lease, whose loss is charged from now on; false if this attempt of this process does not hold it. */
  renew(job: JobName, n: number, attempt: number, bootId: string, now: number): boolean {
    const key = keyOf(job, n);
    const lease = this.#leases.get(key);
    if (!lease || lease.attempt !== attempt || lease.bootId !== bootId) return false;
    lease.expiresAt = now + this.#leaseMs;
    lease.charged = true;
    this.#leases.delete(key);
    this.#leases.set(key, lease);
    return true;
  }

  end(job: JobName, n: number): void {
    const key = keyOf(job, n);
    const lease = this.#leases.get(key);
    if (!lease) return;
    this.#leases.delete(key);
    const held = this.#holders.get(lease.worker);
    held?.delete(lease);
    if (held?.size === 0) this.#holders.delete(lease.worker);
  }

  /** Every lease, the least recently renewed first. */
  all(): Iterable<Lease> {
    return this.#leases.values();
  }

  /** Expired leases, oldest first; they stay in the table until `end`. */
  expired(now: number): Lease[] {
    const out: Lease[] = [];
    for (const lease of this.#leases.values()) {
      if (lease.expiresAt > now) break;
      out.push(lease);
    }
    return out;
  }

  /** Leases of a worker, whichever of its processes holds them. */
  heldBy(worker: WorkerId): Lease[] {
    return [...(this.#holders.get(worker) ?? [])];
  }

  /** Extends every lease by one full period from now, uncharged. */
  extendAll(now: number): void {
    for (const lease of this.#leases.values()) {
      lease.expiresAt = now + this.#leaseMs;
      lease.charged = false;
    }
  }
}
