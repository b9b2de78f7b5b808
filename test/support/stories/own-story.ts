import assert from "node:assert/strict";
import { lookAfterOwn } from "../../../coordinator/leader/rules/own-search.ts";
import { judgeEvidence } from "../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../coordinator/leader/workers/search-loop.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import type { JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import { defaultOwnSearch } from "../../../shared/domain/search/own-search.ts";
import type { Answer } from "../../../shared/wire/messages.ts";
import { SearchesHere, type SearchHere } from "./own-search-here.ts";
import { claim, TestReign } from "./reign.ts";

export const lab = "lab" as WorkerId;
export const attic = "attic" as WorkerId;

/** A job whose search is in memory. */
export class OwnStory {
  readonly searches = new SearchesHere();
  readonly test_ = new TestReign(undefined, undefined, undefined, this.searches);
  readonly job: JobName;
  #claims = 0;

  constructor(settings: Partial<JobSettings> = {}) {
    for (const worker of [lab, attic]) {
      const enrolled = { type: "worker-enrolled", worker, publicKey: `U${worker}`, host: "h", op: worker } as const;
      void this.test_.reign.record(enrolled);
    }
    const search = { ...defaultOwnSearch, command: ["walk"] };
    this.job = this.test_.submit({ hpTuning: "own", search, totalRuns: 10, ...settings });
    lookAfterOwn(this.test_.reign);
  }

  get search(): SearchHere {
    return this.searches.newest;
  }

  get table(): RunTable {
    const table = this.test_.reign.state.jobs.get(this.job);
    assert.ok(table);
    return table;
  }

  async claim(worker = lab): Promise<Answer | undefined> {
    this.#claims += 1;
    return answerClaim(this.test_.reign, worker, claim(`c${this.#claims}`, `boot-${worker}`));
  }

  /** Claims while there is a choice; returns the trial's number. */
  async begin(configuration: readonly number[], worker = lab): Promise<number> {
    this.search.answer(configuration);
    const answer = await this.claim(worker);
    assert.equal(answer?.kind, "assigned");
    return answer?.kind === "assigned" ? answer.n : 0;
  }

  end(n: number, kind: "result" | "failed", hpmax = 1, worker = lab): void {
    judgeEvidence(this.test_.reign, this.test_.message(worker, this.job, n, kind, 1, hpmax));
  }
}
