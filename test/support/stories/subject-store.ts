import type { Purger } from "../../../coordinator/leader/reign/ports.ts";
import { matcher } from "../../simulate/sim-broker.ts";

/** Deletes from EV and BLOB kept as bare subjects; test/conformance checks it against the port. */
export class SubjectStore implements Purger {
  readonly asked: string[] = [];
  subjects: string[] = [];
  gone = 0;
  fails = false;

  async evidence(pattern: string): Promise<string[]> {
    if (this.fails) throw new Error("the broker is away");
    return [...new Set(this.subjects.filter(matcher([pattern])))];
  }

  async pieces(pattern: string): Promise<string[]> {
    return [...new Set(this.subjects.filter(matcher([pattern])))];
  }

  async purgeEvidence(pattern: string, before: number): Promise<number> {
    this.asked.push(`${pattern} before ${before}`);
    const count = this.#drop(pattern);
    this.gone += count;
    return count;
  }

  async purgePieces(pattern: string): Promise<number> {
    this.asked.push(pattern);
    return this.#drop(pattern);
  }

  /** Sequence of the message that `end` stores; undefined: `end` throws, as on a full store. */
  endsAt: number | undefined;

  async end(): Promise<number> {
    if (this.endsAt === undefined) throw new Error("the store is full");
    return this.endsAt;
  }

  async missing(): Promise<number> {
    return this.gone;
  }

  #drop(pattern: string): number {
    const before = this.subjects.length;
    const isOf = matcher([pattern]);
    this.subjects = this.subjects.filter((each) => !isOf(each));
    return before - this.subjects.length;
  }
}
