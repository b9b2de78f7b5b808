import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import type { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { RunName, WorkerId } from "../../../../../shared/domain/names.ts";
import { JobStory, storyStart } from "../../../../support/stories/job-story.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";

const leaseMs = 30_000;
const worker = "lab-1" as WorkerId;
const job = new JobStory({ number: 1 }).job;

/** A screen of one worker, second by second. */
class Watched {
  readonly model: ViewModel;
  readonly #state = emptyWorkspace();
  /** Wall clock, and when the worker was last heard. */
  now = storyStart;
  heardAt = storyStart;

  constructor() {
    this.model = modelOf(new JobStory({ number: 9 }), { wall: () => this.now });
    this.model.job = job;
    for (const event of new JobStory({ number: 1 }).events) this.tell(event);
    this.tell({ type: "worker-enrolled", worker, publicKey: "", host: "lab", op: "enrol", at: this.now });
  }

  tell(event: JournalEvent): void {
    apply(this.#state, event);
    this.model.happened(event, this.#state);
  }

  assign(attempt: number): void {
    const claim = { claimId: `claim-${attempt}`, bootId: "boot", seed: 1, why: "" };
    const run = "run1.1" as RunName;
    this.tell({ type: "assigned", job, n: 1, attempt, worker, run, configuration: [], at: this.now, ...claim });
  }

  lose(attempt: number, how: { outcome: "lost" | "reclaimed"; reason: string; ev: number }): void {
    this.tell({
      type: "lost",
      job,
      n: 1,
      attempt,
      worker,
      cause: how.outcome === "lost" ? "silent" : "owner",
      charged: false,
      at: this.now,
      ...how,
    });
  }

  /** Time passes; the leader says each second when it heard the worker. */
  pass(seconds: number, isHeard: boolean): void {
    for (let i = 0; i < seconds; i += 1) {
      this.now += 1000;
      if (isHeard) this.heardAt = this.now;
      const one = { worker, slots: 1, opportunistic: false, noCode: false, targets: [], version: null, skewMs: null };
      const workers = [{ ...one, silentMs: this.now - this.heardAt }];
      this.model.heard({ term: 9, leader: "", leaseMs, workers, leases: [] }, this.now);
      this.model.now = this.now;
    }
  }

  get row(): string {
    const found = this.model.workers().find(({ record }) => record.id === worker);
    assert.ok(found);
    return `${found.state} ${Math.round((this.now - found.since) / 1000)}`;
  }

  get events(): string[] {
    return this.model.events.lines.map(({ text }) => text).filter((text) => text.startsWith("worker lab-1 "));
  }
}

describe("a worker", () => {
  test("that is killed is lost from the moment its lease is, and back when it is heard again", () => {
    const watched = new Watched();
    watched.pass(3, true);
    assert.equal(watched.row, "idle 3");
    watched.assign(1);
    watched.pass(10, true);
    assert.equal(watched.row, "busy 10");
    watched.pass(30, false);
    assert.equal(watched.row, "busy 40");
    watched.lose(1, { outcome: "lost", reason: "no sign of life from lab-1 for 30 s", ev: 0 });
    for (const seconds of [1, 25, 60]) {
      watched.pass(seconds, false);
      assert.match(watched.row, /^lost /);
    }
    assert.equal(watched.row, "lost 86");
    watched.pass(1, true);
    watched.pass(4, false);
    assert.equal(watched.row, "idle 4");
    assert.deepEqual(watched.events, [
      "worker lab-1 joined from lab",
      "worker lab-1 is lost: no sign of life from lab-1 for 30 s",
      "worker lab-1 is back",
    ]);
  });

  test("whose runner died is there, though its run was lost", () => {
    const watched = new Watched();
    watched.assign(1);
    watched.pass(10, true);
    watched.lose(1, { outcome: "lost", reason: "the runner process died", ev: 7 });
    watched.pass(20, false);
    assert.equal(watched.row, "idle 20");
    assert.equal(watched.events.length, 1);
  });

  test("that its owner stopped says so, and is away when nothing more is heard", () => {
    const watched = new Watched();
    watched.assign(1);
    watched.pass(10, true);
    watched.lose(1, { outcome: "reclaimed", reason: "its owner stopped the worker", ev: 7 });
    watched.pass(5, false);
    assert.equal(watched.row, "owner active 5");
    watched.pass(60, false);
    assert.match(watched.row, /^away 6\d/);
    assert.equal(watched.events.at(-1), "worker lab-1 is away: its owner stopped the worker");
  });

  test("is busy since it began, from one run to the next", () => {
    const watched = new Watched();
    watched.assign(1);
    watched.pass(20, true);
    const done = { hpmax: 1, iters: 1, metrics: {}, ev: 1 } as const;
    watched.tell({ type: "completed", job, n: 1, attempt: 1, worker, at: watched.now, ...done });
    watched.now += 200;
    const next = { n: 2, run: "run1.2" as RunName, configuration: [], claimId: "c", bootId: "b", seed: 1, why: "" };
    watched.tell({ type: "assigned", job, attempt: 1, worker, at: watched.now, ...next });
    watched.pass(10, true);
    assert.equal(watched.row, "busy 30");
  });
});

test("an attempt lasts until its end, not until someone looks", () => {
  const watched = new Watched();
  watched.assign(1);
  watched.pass(40, true);
  watched.lose(1, { outcome: "lost", reason: "silent", ev: 0 });
  watched.pass(100, true);
  watched.model.open({ kind: "run", n: 1 });
  const shown = (): string => frameLines(watched.model, 100, 30, watched.now).map(lineText).join("\n");
  assert.match(shown(), / 1 {2}lab-1 .* lost: silent after 40s/);
  watched.assign(2);
  watched.pass(5, true);
  const text = shown();
  assert.match(text, / 1 {2}lab-1 .* lost: silent after 40s/);
  assert.match(text, / 2 {2}lab-1 .* holds it for 5s/);
});
