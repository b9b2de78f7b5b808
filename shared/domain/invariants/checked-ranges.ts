import type { JournalEvent } from "../fold/events.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import type { JobName } from "../names.ts";
import { mostMarks } from "../ranges/finer-marks.ts";
import { contains } from "../ranges/range.ts";

/** A hyperparameter according to the journal's records, independent of the fold. */
interface CheckedDial {
  readonly name: string;
  readonly range: Hyperparameter["range"];
  readonly values: Setting[];
}

/** Checks the marks that ranges get: in the range, each once, not too many, and no setting changes its position. */
export class CheckedRanges {
  readonly #jobs = new Map<JobName, CheckedDial[]>();
  readonly #broken: (what: string) => void;

  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  event(event: JournalEvent): void {
    switch (event.type) {
      case "job":
        this.#jobs.set(event.job, dialsOf(event.hyperparameters));
        break;
      case "job-deleted":
        this.#jobs.delete(event.job);
        break;
      case "job-edited":
        this.#edited(event.job, dialsOf(event.hyperparameters));
        break;
      case "range-refined":
        for (const [name, marks] of Object.entries(event.marks)) this.#refined(event.job, name, marks);
        break;
      default: // says nothing about hyperparameters
    }
  }

  /** Compares a fold of the same records, or a snapshot of it. */
  compare(state: WorkspaceState): void {
    for (const [job, dials] of this.#jobs) {
      for (const [i, { name, values }] of dials.entries()) {
        const folded = state.jobs.get(job)?.submitted.hyperparameters[i];
        if (folded && (folded.values.length !== values.length || !startsWith(folded.values, values)))
          this.#broken(`${job}: the values of ${name} are others in the fold than by the records`);
      }
    }
  }

  #edited(job: JobName, after: CheckedDial[]): void {
    for (const [i, { name, values }] of (this.#jobs.get(job) ?? []).entries()) {
      if (!startsWith(after[i]?.values ?? [], values))
        this.#broken(`${job}: an edit changes the positions of the values of ${name}`);
    }
    this.#jobs.set(job, after);
  }

  #refined(job: JobName, name: string, marks: readonly number[]): void {
    const dial = this.#jobs.get(job)?.find((each) => each.name === name);
    if (!dial?.range) {
      this.#broken(`${job}: ${name} gets marks, but it is no range`);
      return;
    }
    for (const mark of marks) {
      if (!contains(dial.range, mark)) this.#broken(`${job}: ${name} gets the mark ${mark}, outside of its range`);
      if (dial.values.includes(mark)) this.#broken(`${job}: ${name} gets the mark ${mark} twice`);
      dial.values.push(mark);
    }
    if (dial.values.length > mostMarks)
      this.#broken(`${job}: ${name} is given marks until it has ${dial.values.length}; at most ${mostMarks}`);
  }
}

const dialsOf = (hyperparameters: readonly Hyperparameter[]): CheckedDial[] =>
  hyperparameters.map(({ name, range, values }) => ({ name, range, values: [...values] }));

const startsWith = (values: readonly Setting[], start: readonly Setting[]): boolean =>
  start.every((value, i) => Object.is(value, values[i]));
