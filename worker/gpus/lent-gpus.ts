import { counted } from "../../shared/domain/counted.ts";
import { type GpuNeed, gpusFor, needText } from "../../shared/domain/gpu-shares.ts";
import type { EndSignal } from "../../shared/ports.ts";
import { patienceMs } from "./ask-program.ts";
import type { ChosenGpus } from "./choose-gpus.ts";
import { nvidiaUse } from "./gpu-use.ts";
import { type GpuVariables, variablesFor } from "./gpu-variables.ts";

/** What a run sees of this machine's GPUs. */
export interface GpuView {
  /** Null: what the worker itself sees. */
  readonly variables: GpuVariables | null;
  /** "GPU 1 (NVIDIA A100)"; "" if it was given none. */
  readonly text: string;
  /** Whether it was given any; null: the worker did not decide. */
  readonly isGiven: boolean | null;
}

/** GPUs that a run has until it ends. */
export interface GpuLoan {
  readonly view: GpuView;
  /** Gives them back; further calls have no effect. */
  end(): void;
}

interface Waiter {
  readonly need: GpuNeed;
  readonly got: (loan: GpuLoan | null) => void;
}

const untouched: GpuView = { variables: null, text: "", isGiven: null };

/** The GPUs of a worker, and which run has which. */
export class LentGpus {
  readonly #chosen: ChosenGpus;
  /** Of each GPU, the part that no run has, from 0 to 1. */
  readonly #free: number[];
  readonly #waiting: Waiter[] = [];

  constructor(chosen: ChosenGpus) {
    this.#chosen = chosen;
    this.#free = chosen.gpus.map(() => 1);
  }

  get count(): number {
    return this.#free.length;
  }

  /** A function that tells how much the lent GPUs work; {} if none is lent, or if no program here can say. */
  useReader(path: string | undefined): { readonly gpuUse?: () => Promise<number | null> } {
    const { maker, gpus } = this.#chosen;
    if (maker !== "nvidia" || gpus.length === 0) return {};
    const ids = gpus.flatMap(({ id, uuid }) => [id, ...(uuid === null ? [] : [uuid])]);
    return { gpuUse: nvidiaUse(ids, { path, patienceMs }) };
  }

  /** Of each GPU, the part that no run has, from 0 to 1. */
  get free(): readonly number[] {
    return this.#free.map((part) => Math.round(part * 1e6) / 1e6);
  }

  /** What a run sees that is given no GPU. @param isNoneWanted  its job asks to see none */
  viewWithout(isNoneWanted: boolean): GpuView {
    const { maker, gpus, isNumberedByBus, isRestricted } = this.#chosen;
    if (isNoneWanted) return { variables: variablesFor(maker, [], false), text: "", isGiven: false };
    if (!isRestricted) return untouched;
    const ids = gpus.map(({ id }) => id);
    return { variables: variablesFor(maker, ids, isNumberedByBus), text: "", isGiven: ids.length > 0 };
  }

  /** Why no run that needs this ever runs here; null if some may. */
  refusal(need: GpuNeed): string | null {
    if (need.gpus <= this.count) return null;
    const has = this.count === 0 ? "none" : counted(this.count, "GPU");
    return `the run takes ${needText(need)}, and this worker lends ${has} (--gpus)`;
  }

  /** Waits until what is needed is free, in the order of the calls; null if the signal ends the wait. */
  take(need: GpuNeed, signal: EndSignal): Promise<GpuLoan | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const stop = (): void => {
        waiter.got(null);
        // There may be enough for the runs that waited after it.
        this.#serve();
      };
      const waiter: Waiter = {
        need,
        got: (loan) => {
          signal.removeEventListener("abort", stop);
          const at = this.#waiting.indexOf(waiter);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve(loan);
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener("abort", stop);
      this.#serve();
    });
  }

  /** Serves in order, so that a run that needs a whole GPU is not overtaken for ever. */
  #serve(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const places = gpusFor(first.need, this.#free);
      if (!places) return;
      first.got(this.#lend(first.need, places));
    }
  }

  #lend({ share }: GpuNeed, places: readonly number[]): GpuLoan {
    const { maker, gpus, isNumberedByBus } = this.#chosen;
    const given = gpus.filter((_, place) => places.includes(place));
    for (const place of places) this.#free[place] = (this.#free[place] ?? 0) - share;
    let isOver = false;
    return {
      view: {
        variables: variablesFor(
          maker,
          given.map(({ id }) => id),
          isNumberedByBus,
        ),
        text: given.map(({ id, name }) => `GPU ${id}${name === "" ? "" : ` (${name})`}`).join(", "),
        isGiven: true,
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        for (const place of places) this.#free[place] = Math.min(1, (this.#free[place] ?? 0) + share);
        this.#serve();
      },
    };
  }

  /** What the owner is told at the start; "" if there is nothing to tell. */
  get text(): string {
    const { gpus, isRestricted, note } = this.#chosen;
    const kinds = new Set(
      gpus
        .map(({ name, memory }) => (memory === null ? name : `${name}, ${Math.round(memory / 2 ** 30)} GiB`))
        .filter((kind) => kind !== ""),
    );
    const what = kinds.size === 0 ? "" : ` (${[...kinds].join("; ")})`;
    if (gpus.length > 0) {
      const ids = gpus.map(({ id }) => id).join(", ");
      const doubt =
        what === "" ? `; no program here can say whether ${gpus.length === 1 ? "it is" : "they are"} there` : "";
      return `lends ${counted(gpus.length, "GPU")}${what}, ${ids}, to jobs that ask for one (gpus_per_run: 1)${doubt}`;
    }
    if (isRestricted) return "no run sees a GPU (--gpus none)";
    return note === "" ? "" : `lends no GPU: ${note}`;
  }
}
