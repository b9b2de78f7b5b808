import type { Purger } from "../../../coordinator/leader/reign/ports.ts";

/** What deletes from an EV and a BLOB that are only subjects. */
export class SubjectStore implements Purger {
  readonly asked: string[] = [];
  subjects: string[] = [];
  gone = 0;
  fails = false;

  async evidence(): Promise<string[]> {
    if (this.fails) throw new Error("the broker is away");
    return this.subjects.filter((subject) => subject.startsWith("ev."));
  }

  async pieces(): Promise<string[]> {
    return this.subjects.filter((subject) => subject.startsWith("ck."));
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

  /** Sequence of the message that `end` stores; undefined: the store is full. */
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
    const tokens = pattern.split(".");
    const isOf = (subject: string): boolean => {
      const parts = subject.split(".");
      const same = tokens.every(
        (token, i) => token === ">" || (token === "*" ? parts[i] !== undefined : token === parts[i]),
      );
      return same && (tokens.at(-1) === ">" ? parts.length >= tokens.length : parts.length === tokens.length);
    };
    this.subjects = this.subjects.filter((each) => !isOf(each));
    return before - this.subjects.length;
  }
}
