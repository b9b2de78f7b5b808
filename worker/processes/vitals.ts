import { statfs } from "node:fs/promises";
import { availableParallelism, cpus, freemem, loadavg, totalmem } from "node:os";
import type { Log } from "../../shared/log.ts";
import type { Clock } from "../../shared/ports.ts";
import type { MachineSaid } from "../../shared/wire/machine.ts";

/** Values older than this are read again when the worker next says something, so an idle worker needs no timer. */
const freshMs = 30_000;

interface VitalsPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Percent of the time in which the lent GPUs worked; null if nobody says. Left out: it lends none. */
  readonly gpuUse?: () => Promise<number | null>;
}

/** Time of all processors together since the machine started, in milliseconds. */
interface Ticks {
  readonly all: number;
  readonly idle: number;
}

/** What this machine has left, as the worker tells it with its claims and renewals. */
export class Vitals {
  readonly #folder: string;
  readonly #ports: VitalsPorts;
  #last: MachineSaid | undefined;
  #readAt: number | undefined;
  #ticks = ticksNow();
  #gpu: number | null = null;

  /** @param folder  where runs write */
  constructor(folder: string, ports: VitalsPorts) {
    this.#folder = folder;
    this.#ports = ports;
    this.#read();
  }

  /** What was read last; {} until something was. Never waits: a network disk may hang. */
  said(): { readonly machine?: MachineSaid } {
    if (this.#readAt === undefined || this.#ports.clock.monotonic() - this.#readAt > freshMs) this.#read();
    return this.#last ? { machine: this.#last } : {};
  }

  #read(): void {
    this.#readAt = this.#ports.clock.monotonic();
    const { gpuUse } = this.#ports;
    // Said the next time: a driver may take seconds.
    gpuUse?.().then(
      (percent) => {
        this.#gpu = percent;
        if (this.#last) this.#last = { ...this.#last, gpu: percent };
      },
      (error: unknown) => this.#ports.log.warn({ error: String(error) }, "nobody says how much its GPUs work"),
    );
    statfs(this.#folder).then(
      ({ bavail, bsize }) => {
        const load = (loadavg()[0] ?? 0) / availableParallelism();
        this.#last = {
          diskFree: bavail * bsize,
          memoryFree: freemem(),
          load: Math.round(100 * load) / 100,
          cpu: this.#cpu(),
          memory: percentOf(totalmem() - freemem(), totalmem()),
          gpu: this.#gpu,
        };
      },
      (error: unknown) =>
        this.#ports.log.warn({ folder: this.#folder, error: String(error) }, "its disk cannot be read"),
    );
  }

  /** Percent of the processors' time since the last call. If too little has passed: the last value, or null. */
  #cpu(): number | null {
    const before = this.#ticks;
    this.#ticks = ticksNow();
    const all = this.#ticks.all - before.all;
    const percent = percentOf(all - (this.#ticks.idle - before.idle), all);
    return percent ?? this.#last?.cpu ?? null;
  }
}

function ticksNow(): Ticks {
  let [all, idle] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { all, idle };
}

const percentOf = (part: number, whole: number): number | null =>
  whole > 0 ? Math.max(0, Math.min(100, Math.round((100 * part) / whole))) : null;
