import type { Bus, BusError, Clock } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";

/** BLOB in memory: the part of a broker that `sendBundle` and `BundleCache` use, with failures on demand. */
export class PieceStore {
  readonly stored = new Map<string, Uint8Array>();
  /** Subjects in the order in which they were asked for. */
  readonly asked: string[] = [];
  /** Number of stores, repeated ones included. */
  stores = 0;
  /** The error that a store or a lookup of this subject throws; undefined: none. */
  trouble: (subject: string) => BusError | undefined = () => undefined;
  /** Its pauses end at once. */
  readonly clock: Clock = { ...systemClock, pause: async () => undefined };

  get bus(): Bus {
    const act = (subject: string): void => {
      const trouble = this.trouble(subject);
      if (trouble) throw trouble;
    };
    const newest: Bus["newest"] = async (_stream, subject) => {
      this.asked.push(subject);
      act(subject);
      return this.stored.get(subject) ?? null;
    };
    const bus: Pick<Bus, "store" | "newest" | "piece" | "subjects"> = {
      store: async (subject, data) => {
        act(subject);
        this.stores += 1;
        this.stored.set(subject, Uint8Array.from(data));
        return { seq: this.stores, duplicate: false };
      },
      newest,
      piece: newest,
      subjects: async () => [...this.stored.keys()],
    };
    return bus as Bus; // nothing else of it is used
  }
}
