import { isDeepStrictEqual } from "node:util";
import type { Brought } from "../../../shared/domain/code-bundle.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { type CarriedSpec, carriedInput, goalOf } from "../../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { readSpec } from "../../../shared/domain/runspec/spec-read.ts";
import type { EndSignal } from "../../../shared/ports.ts";
import type { JobAnswer } from "../../../shared/wire/messages.ts";
import type { CoordinatorLink } from "../coordinator-link.ts";
import type { Ports } from "../ports.ts";

/** A job as this worker knows it. */
export interface KnownJob {
  readonly text: CarriedSpec;
  readonly spec: Spec;
  readonly bringsCode: boolean;
  /** What it brings along; prepared-job.ts makes folders of it. */
  readonly brought: Brought;
}

/** What a run has reached, for people who look at its worker: `hpmax 0.04`, `loss 0.3`. */
export function reachedText({ text }: KnownJob, hpmax: number): string {
  const goal = goalOf(text);
  return `${goal.name} ${Number(told(goal, hpmax).toPrecision(5))}`;
}

/** So many are kept: each may have a megabyte of code. */
const mostJobs = 64;

/** What was told of a job. */
interface Learned {
  readonly known: Promise<KnownJob | undefined>;
  /** The same, once it has come. */
  now: KnownJob | undefined;
  /** The reign in which it was told; while no answer has come, that of the question. */
  term: number;
}

/**
 * The jobs whose runs this worker executes. Each is requested once in a reign, unless many others came between two of its runs: a
 * workspace that was restored to an older state has a later reign, and may give the job's name to another.
 */
export class KnownJobs {
  readonly #ports: Ports<"readSpec">;
  readonly #link: CoordinatorLink;
  readonly #signal: EndSignal;
  readonly #jobs = new Map<JobName, Learned>();

  /** @param signal  ends pending requests */
  constructor(ports: Ports<"readSpec">, link: CoordinatorLink, signal: EndSignal) {
    this.#ports = ports;
    this.#link = link;
    this.#signal = signal;
  }

  /** Undefined if the signal aborts before an answer. Rejects if the spec cannot be read here. */
  get(job: JobName): Promise<KnownJob | undefined> {
    const earlier = this.#jobs.get(job);
    const learned = earlier?.term === this.#link.term ? earlier : this.#request(job, earlier?.now);
    // The newest stands last.
    this.#jobs.delete(job);
    this.#jobs.set(job, learned);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > mostJobs && oldest !== undefined) this.#jobs.delete(oldest);
    return learned.known;
  }

  /** The next `get` requests it again. */
  forget(job: JobName): void {
    this.#jobs.delete(job);
  }

  /**
   * Whether, according to the coordinator, nothing of the job will run again.
   *
   * @param signal  ends the question: of a job that it never knew, the coordinator says nothing
   */
  async isOver(job: JobName, signal = this.#signal): Promise<boolean> {
    return (await this.#ask(job, signal))?.over === true;
  }

  #ask(job: JobName, signal = this.#signal): Promise<JobAnswer | undefined> {
    return this.#link.ask({ kind: "job", job }, ["job"], signal);
  }

  #request(job: JobName, before: KnownJob | undefined): Learned {
    const known = this.#ask(job).then((answer) => {
      if (!answer) return undefined;
      learned.term = answer.term;
      learned.now = this.#read(answer, before);
      return learned.now;
    });
    const learned: Learned = { known, now: undefined, term: this.#link.term };
    return learned;
  }

  /** @returns what was told of it `before`, if nothing has changed: a runner that knows that need not be told again */
  #read(answer: JobAnswer, before: KnownJob | undefined): KnownJob {
    const { job, file, text, sources, commandLine, code, largeCode, inputs } = answer;
    if (text === "")
      throw new Error(`the coordinator tells nothing of ${job}: this worker no longer holds a run of it`);
    const carried = { file, text, sources, commandLine };
    const brought = { ...(code ? { code } : {}), ...(largeCode ? { largeCode } : {}), ...(inputs ? { inputs } : {}) };
    if (before && isDeepStrictEqual([carried, brought], [before.text, before.brought])) return before;
    const read = (this.#ports.readSpec ?? readSpec)(carriedInput(carried));
    if (!read.ok) {
      const problems = read.problems.map(({ message }) => message).join("; ");
      throw new Error(`the spec of ${job} cannot be read here: ${problems}`);
    }
    return { text: carried, spec: read.spec, bringsCode: code !== null || largeCode !== undefined, brought };
  }
}
