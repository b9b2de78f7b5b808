import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import { neededPieces } from "../../../../../coordinator/leader/reign/bundle-pieces.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { citedPieces } from "../../../../../shared/broker/copies/store-salvage.ts";
import { loadSpecFile } from "../../../../../shared/components/component-defaults.ts";
import type { PiecedBundle } from "../../../../../shared/domain/code-bundle.ts";
import { obstacle } from "../../../../../shared/domain/fitting.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { usedComponents } from "../../../../../shared/domain/runspec/spec-read.ts";
import { pieceNames } from "../../../../../shared/wire/bundles/pieced-bundle.ts";
import type { Order } from "../../../../../shared/wire/messages.ts";
import { sha256Of } from "../../../../../shared/wire/sealed-chunks.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";
import { writeProbeSpec } from "../../../../support/processes/probe-spec.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const hour = 3_600_000;

/** A bundle of `count` pieces; `mark` tells bundles apart. */
function bundle(mark: number, count = 2): PiecedBundle {
  const pieces = Buffer.alloc(32 * count, mark);
  for (let i = 0; i < count; i += 1) pieces[32 * i] = i;
  return { sha256: sha256Of(pieces), files: 1, bytes: 1, listBytes: 1, secret: new Uint8Array(32), pieces };
}

/** A broker's pieces by name, each at a sequence of its own. */
function broker(...bundles: readonly PiecedBundle[]) {
  const stored = new Map(bundles.flatMap(pieceNames).map((name, i) => [name, [i + 1]]));
  return {
    stored,
    pieces: async () => new Map(stored),
    drop: async (doomed: number) => {
      for (const [name, [seq]] of stored) if (seq === doomed) stored.delete(name);
    },
  };
}

function submitted(story: TestReign, brought: { largeCode?: PiecedBundle; inputs?: PiecedBundle }): JobName {
  const job = story.submit({ totalRuns: 1 });
  const table = story.reign.state.jobs.get(job);
  assert.ok(table);
  table.submitted = { ...table.submitted, ...brought };
  return job;
}

const end = (story: TestReign, job: JobName): Promise<unknown> =>
  story.reign.record({ type: "job-state", job, state: "cancelled", reason: "", by: "test", op: `end-${job}` });

describe("pieces on the broker", () => {
  test("pieces on the broker stay while a job needs them, and for a day longer", async () => {
    const story = new TestReign();
    const [open, orphan] = [bundle(1), bundle(2)];
    const store = broker(open, orphan);
    story.bundles = store;
    submitted(story, { largeCode: open });
    for (const at of [0, 12, 23]) {
      story.now = at * hour;
      await story.reign.bundles.sweep(-1);
      assert.equal(store.stored.size, 4);
    }
    story.now = 24 * hour;
    await story.reign.bundles.sweep(-1);
    assert.deepEqual([...store.stored.keys()], pieceNames(open));
  });

  test("pieces on the broker are left to the next leader from when this one leads no more", async () => {
    const story = new TestReign();
    const store = broker(bundle(1, 5));
    const drop = async (seq: number): Promise<void> => {
      await store.drop(seq);
      if (store.stored.size === 3) story.leads = false;
    };
    story.bundles = { ...store, drop };
    await story.reign.bundles.sweep(-1);
    story.now = 24 * hour;
    await story.reign.bundles.sweep(-1);
    assert.equal(store.stored.size, 3);
  });

  test("pieces of jobs that are over stay on the broker as far as they fit, the newest first", async () => {
    const story = new TestReign();
    const [one, two, three] = [bundle(1, 3), bundle(2, 3), bundle(3, 3)];
    await end(story, submitted(story, { largeCode: one }));
    await end(story, submitted(story, { inputs: two }));
    submitted(story, { largeCode: three, inputs: one });
    const piece = 256 * 1024;
    const names = (most: number): string[] => [...neededPieces(story.reign.state, most)].sort();
    const all = [one, two, three].flatMap(pieceNames).sort();
    assert.deepEqual(names(-1), all);
    assert.deepEqual([...new Set(citedPieces(story.reign.state))].sort(), all, "nexus repair carries them over");
    assert.deepEqual(names(12 * piece), all, "a quarter of it is three pieces");
    assert.deepEqual(names(11 * piece), [one, three].flatMap(pieceNames).sort(), "what is open stays in any case");
  });

  test("a job is accepted only once all its pieces are there, and none is deleted meanwhile", async () => {
    const story = new TestReign();
    const mine = bundle(1);
    const store = broker(mine);
    story.bundles = store;
    const { spec } = loadSpecFile(writeProbeSpec(temporaryFolder(), "brings", {}));
    const order = (op: string): Order => {
      const { file, text, commandLine } = spec;
      return { kind: "run", op, file, text, sources: usedComponents(spec), commandLine, largeCode: mine };
    };
    const [first = ""] = pieceNames(mine);
    store.stored.delete(first);
    const lacking = await carryOut(story.reign, "ann", order("a"), () => 1);
    assert.deepEqual([lacking.ok, lacking.code], [false, "later"]);
    assert.match(lacking.reason, /the broker lacks 1 pieces of what it brings along; nothing was submitted/);
    store.stored.set(first, [1]);
    await story.reign.bundles.sweep(-1);
    story.now = 25 * hour;
    // The pieces are old enough to be deleted, and the sweep comes while the order is carried out.
    const [answer] = await Promise.all([
      carryOut(story.reign, "ann", order("b"), () => 1),
      story.reign.bundles.sweep(-1),
    ]);
    assert.deepEqual([answer.ok, answer.name, store.stored.size], [true, "job1", 2]);
    assert.deepEqual(story.reign.state.jobs.get("job1" as JobName)?.submitted.largeCode, mine);
    // The same order twice at once makes one job.
    const twice = await Promise.all([1, 2].map(() => carryOut(story.reign, "ann", order("c"), () => 1)));
    assert.deepEqual(
      twice.map(({ name }) => name),
      ["job2", "job2"],
    );
    assert.equal(story.reign.state.jobs.size, 2);
  });

  test("pieces stay for an order that is still carried out, when another that wants the same has ended", async () => {
    const story = new TestReign();
    const mine = bundle(1);
    const store = broker(mine);
    story.bundles = store;
    const { bundles } = story.reign;
    let accept = (): void => undefined;
    const accepted = new Promise<void>((resolve) => {
      accept = resolve;
    });
    const late = bundles.whileThere([mine], () => accepted);
    await bundles.whileThere([mine], async () => undefined);
    assert.equal(await bundles.forget([mine]), 0);
    assert.equal(store.stored.size, 2);
    accept();
    await late;
    assert.equal(await bundles.forget([mine]), 2);
    assert.equal(store.stored.size, 0);
  });
});

describe("a job that brings much along", () => {
  test("a job that brings much along is only for workers that can fetch it and are fit for it", async () => {
    const story = new TestReign();
    const job = submitted(story, { inputs: bundle(1) });
    const ask = (worker: string, more: object) =>
      answerClaim(story.reign, worker as WorkerId, claim(`claim-${worker}`, `boot-${worker}`, more));
    const old = await ask("old", {});
    assert.ok(old?.kind === "wait");
    assert.equal(old.reason, "job1 brings code or data in pieces, which old, of an earlier version, cannot");
    const table = story.reign.state.jobs.get(job);
    assert.ok(table);
    const takes = { targets: [], opportunistic: false, slots: 1, noCode: false };
    const why = obstacle(table, "old" as WorkerId, takes, { cores: 0, gpus: 0 });
    assert.equal(why?.change, "install this coordinator's version of nexus-swarm on old");
    const unfit = [{ job, why: "its disk is full" }];
    const full = await ask("full", { fetches: true, unfit });
    assert.ok(full?.kind === "wait");
    assert.equal(full.reason, "full cannot run job1: its disk is full");
    assert.deepEqual(story.reign.presence.get("full" as WorkerId)?.unfit, unfit);
    assert.equal((await ask("able", { fetches: true }))?.kind, "assigned");
  });
});
