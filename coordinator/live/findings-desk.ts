import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { type SavedTable, saveTable } from "../../shared/domain/fold/saved-table.ts";
import type { SavedTrials } from "../../shared/domain/fold/trial-list.ts";
import { type Findings, isEvaluable } from "./findings.ts";
import type { LiveSearch } from "./live-search.ts";

/** A copy of a job as it is now, to be evaluated. */
export interface FindingsQuestion {
  readonly table: SavedTable;
  readonly trials: SavedTrials;
}

export interface FindingsAnswer {
  readonly findings: Findings | null;
  readonly tookMs: number;
}

/** Answers questions one after the other, somewhere else. */
export interface Evaluator {
  ask(question: FindingsQuestion): Promise<FindingsAnswer>;
  /** Frees what it holds until the next question. */
  stop(): void;
}

/** The share of a core that evaluations may take while runs end ... */
const share = 0.04;
/** ... and the least time between two answers. */
const leastMs = 2000;
/** Before a longer pause the evaluator frees its memory, tens of megabytes. A new start takes a tenth of a second. */
const restMs = 10_000;
/** Megabytes of the heap's young generation. The default is several times as much; nothing waits for this thread. */
const youngMb = 8;
/** For a larger job, even copying the runs would hold up the screen; `nexus eval` reads any number. */
const mostRuns = 100_000;

/** Keeps a search's findings fresh: asks again when runs have ended since, and at once when the job is over. */
export class FindingsDesk {
  readonly #search: LiveSearch;
  readonly #evaluator: Evaluator;
  readonly #changed: () => void;
  #isAsking = false;
  #nextAt = Number.NEGATIVE_INFINITY;
  #asked: { readonly table: RunTable; readonly of: string } | undefined;
  #hasFailed = false;

  /** @param changed  new findings have come */
  constructor(search: LiveSearch, evaluator: Evaluator, changed: () => void) {
    this.#search = search;
    this.#evaluator = evaluator;
    this.#changed = changed;
    search.hasDesk = true;
  }

  /** @param now  monotonic milliseconds; called now and then */
  look(now: number): void {
    const { table } = this.#search;
    if (!table || this.#isAsking || this.#hasFailed || table.trials.length > mostRuns) return;
    const isAnother = this.#asked?.table !== table;
    const of = `${table.model.version} ${table.edits.length} ${table.isOver}`;
    if ((!isAnother && this.#asked?.of === of) || (!isAnother && !table.isOver && now < this.#nextAt)) return;
    if (!isEvaluable(table)) return;
    this.#asked = { table, of };
    this.#isAsking = true;
    void this.#ask(table, now);
  }

  async #ask(table: RunTable, now: number): Promise<void> {
    try {
      // Leave out what the job brought along: the question does not need it, and it may be large.
      const { code: _, text: __, ...submitted } = table.submitted;
      const saved = { ...saveTable(table), submitted: { ...submitted, text: "" } };
      const { findings, tookMs } = await this.#evaluator.ask({ table: saved, trials: table.trials.save() });
      const pauseMs = Math.max(leastMs, tookMs / share);
      this.#nextAt = now + pauseMs;
      if (pauseMs > restMs) this.#evaluator.stop();
      if (findings) this.#search.found(findings);
      this.#changed();
    } catch (error) {
      this.#hasFailed = true;
      this.#search.note(
        `the verdict could not be worked out: ${error instanceof Error ? error.message : String(error)}`,
        "trouble",
      );
    } finally {
      this.#isAsking = false;
    }
  }

  stop(): void {
    this.#hasFailed = true;
    this.#evaluator.stop();
  }
}

const program = fileURLToPath(new URL("./findings-thread.js", import.meta.url));

/** An evaluator in a thread of this process, which the first question starts. */
export function evaluatorThread(): Evaluator {
  let thread: Worker | undefined;
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        thread ??= new Worker(program, { resourceLimits: { maxYoungGenerationSizeMb: youngMb } });
        const asked = thread;
        asked.unref();
        const onAnswer = (answer: FindingsAnswer): void => {
          asked.off("error", onError);
          resolve(answer);
        };
        const onError = (error: Error): void => {
          asked.off("message", onAnswer);
          reject(error);
        };
        asked.once("message", onAnswer);
        asked.once("error", onError);
        asked.postMessage(question);
      }),
    stop: () => {
      void thread?.terminate();
      thread = undefined;
    },
  };
}
