import assert from "node:assert/strict";
import { carryOut } from "../../../coordinator/leader/orders/orders.ts";
import { Upkeep } from "../../../coordinator/leader/upkeep.ts";
import { judgeEvidence } from "../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../coordinator/leader/workers/search-loop.ts";
import type { JobChanges } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import type { JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import type { StoredMessage } from "../../../shared/ports.ts";
import {
  type ControlTarget,
  type ControlVerb,
  decodeEvents,
  decodeOrder,
  encodeEvents,
  encodeOrder,
  type Order,
  type OrderAnswer,
} from "../../../shared/wire/messages.ts";
import { claim, leaseMs, plain, TestReign } from "./reign.ts";

export const alice = "alice" as WorkerId;
export const bob = "bob" as WorkerId;

/** A job in a test's reign, with the orders of a person and the questions of workers. */
export class Story {
  readonly test: TestReign;
  readonly job: JobName;
  readonly upkeep: Upkeep;
  #claims = 0;
  #orders = 0;

  constructor(settings: Partial<JobSettings> = {}, state?: WorkspaceState, job?: JobName) {
    this.test = new TestReign(state);
    this.upkeep = new Upkeep(this.test.reign);
    this.job = job ?? this.test.submit(settings);
  }

  get table(): RunTable {
    const table = this.test.reign.state.jobs.get(this.job);
    assert.ok(table);
    return table;
  }

  /** The answer to a new claim: the assigned trial's number, or `kind: reason`. */
  async claim(worker = alice, boot = "boot"): Promise<number | string> {
    this.#claims += 1;
    const answer = await answerClaim(this.test.reign, worker, claim(`c${this.test.reign.term}-${this.#claims}`, boot));
    return answer?.kind === "assigned"
      ? answer.n
      : `${answer?.kind}: ${answer && "reason" in answer ? answer.reason : ""}`;
  }

  /** The verdict on a renewal of one trial. */
  async renew(worker: WorkerId, n: number, boot = "boot"): Promise<string> {
    const attempt = this.table.trial(n)?.attempts.length ?? 1;
    const held = [{ job: this.job, n, attempt, iters: 1 }];
    const answer = await answerRenewal(this.test.reign, worker, { kind: "renew", bootId: boot, held });
    return answer?.verdicts[0]?.verdict ?? "no answer";
  }

  say(worker: WorkerId, n: number, kind: "result" | "failed" | "released", hpmax = 1, attempt?: number): void {
    const newest = this.table.trial(n)?.attempts.length ?? 1;
    this.hear(this.test.message(worker, this.job, n, kind, attempt ?? newest, hpmax));
  }

  hear(message: StoredMessage): void {
    judgeEvidence(this.test.reign, message);
  }

  /** Who gives the orders. */
  user = "andreas";

  async order(
    order: { readonly kind: Order["kind"]; readonly [key: string]: unknown },
    op?: string,
  ): Promise<OrderAnswer> {
    this.#orders += 1;
    const whole = { op: op ?? `o${this.test.reign.term}-${this.#orders}`, ...order } as Order;
    // Encoded and decoded, as it arrives over the wire.
    const answer = await carryOut(this.test.reign, this.user, decodeOrder(encodeOrder(whole)), () => 1);
    assert.ok(answer);
    return answer;
  }

  async do(verb: ControlVerb, target: ControlTarget = { kind: "job", job: this.job }, op?: string): Promise<string> {
    const { ok, reason } = await this.order({ kind: "control", verb, target }, op);
    return `${ok ? "ok" : "refused"}: ${reason}`;
  }

  doRuns = (verb: ControlVerb, ...trials: number[]): Promise<string> =>
    this.do(verb, { kind: "runs", job: this.job, trials });

  doWorker = (verb: ControlVerb, worker: WorkerId): Promise<string> => this.do(verb, { kind: "worker", worker });

  async edit(changes: JobChanges): Promise<string> {
    const { ok, reason } = await this.order({ kind: "edit", job: this.job, changes });
    return `${ok ? "ok" : "refused"}: ${reason}`;
  }

  /** Lets time pass, in steps too short to count as a stall of the coordinator. @param ms  milliseconds */
  wait(ms: number): void {
    for (let left = ms; left > 0; left -= leaseMs / 4) {
      this.test.now += Math.min(left, leaseMs / 4);
      this.upkeep.tick();
    }
  }

  /** Checks that the journal so far folds to the reign's state. */
  check(): void {
    const replayed = decodeEvents(encodeEvents(this.test.events)).reduce(
      (state, event) => apply(state, event),
      emptyWorkspace(),
    );
    assert.deepEqual(plain(replayed), plain(this.test.reign.state));
  }
}
