import assert from "node:assert/strict";
import { test } from "node:test";
import { printJobs } from "../../../../coordinator/cli/list/list-jobs.ts";
import { printWorkers } from "../../../../coordinator/cli/list/list-workers.ts";
import { isSilent } from "../../../../coordinator/words/silence.ts";
import { waitingByJournal, whyWaiting } from "../../../../coordinator/words/waiting.ts";
import { apply, emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { workerIdFrom } from "../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../shared/domain/runspec/job-settings.ts";
import type { Status, WorkerStatus } from "../../../../shared/wire/messages.ts";
import { JobStory } from "../../../support/stories/job-story.ts";

const words = { joinLine: "nats://CODE@lab:4222/ws1", flags: "" };

/** A job that nothing runs of, workers that have joined, and what their leader says of them. */
function waiting(settings: Partial<JobSettings>, workers: (Partial<WorkerStatus> & { orders?: string[] })[]) {
  const story = new JobStory({ number: 1, settings });
  const state = emptyWorkspace();
  for (const event of story.events) apply(state, event);
  const present = workers.map(({ orders = [], ...rest }, i): WorkerStatus => {
    const { worker = workerIdFrom(`lab-${i + 1}`) } = rest;
    apply(state, { type: "worker-enrolled", worker, publicKey: "U", host: "lab", op: `e${i}`, at: 1 });
    for (const order of orders) {
      const change = { type: "worker-state", worker, reason: "", by: "ann", op: `${order}${i}`, at: 2 } as const;
      apply(state, { ...change, state: order as "paused" | "benched" });
    }
    const usual = {
      silentMs: 100,
      slots: 1,
      opportunistic: false,
      noCode: false,
      targets: [],
      version: null,
      skewMs: null,
    };
    return { worker, ...usual, ...rest };
  });
  const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers: present, leases: [] };
  const table = state.jobs.get(story.job);
  assert.ok(table);
  return { story, state, table, why: (heard: Status | undefined = status) => whyWaiting(table, state, heard, words) };
}

test("a job without workers says what to type on a machine that should join", () => {
  assert.deepEqual(waiting({}, []).why(), {
    why: "waiting for a worker: no worker has joined yet",
    commands: ["nexus-worker nats://CODE@lab:4222/ws1"],
  });
  const gone = waiting({ computeTarget: "gpu" }, [{ silentMs: 61_000 }]).why();
  assert.equal(gone?.why, "waiting for a worker: none of the 1 that have joined is there");
  assert.deepEqual(gone?.commands, ["nexus-worker --target gpu nats://CODE@lab:4222/ws1"]);
});

test("without a leader the journal says who has joined, and whether any of them may work", () => {
  const text = (settings: Partial<JobSettings>, ...orders: string[][]): string => {
    const { table, state } = waiting(
      settings,
      orders.map((each) => ({ orders: each })),
    );
    return waitingByJournal(table, state);
  };
  assert.equal(text({}), "waiting for a worker: none has joined yet");
  assert.equal(text({ computeTarget: "gpu" }, []), "waiting for a worker that serves gpu");
  assert.equal(text({}, ["benched"]), "waiting for a worker: lab-1 is benched");
  assert.equal(text({}, ["paused"], ["benched"]), "waiting for a worker: none of the 2 that have joined may take runs");
  assert.equal(text({}, ["benched"], ["benched"]), "waiting for a worker: lab-1, lab-2 are benched");
  assert.equal(text({}, ["paused"], []), "waiting for a worker");
});

test("benched workers are named whether they are connected or not, as the list of jobs names them", () => {
  const away = { silentMs: 99_000, orders: ["benched"] };
  for (const workers of [
    [away, away],
    [{ orders: ["benched"] }, { orders: ["benched"] }],
  ]) {
    const found = waiting({}, workers);
    const why = "waiting for a worker: lab-1, lab-2 are benched";
    assert.deepEqual(found.why(), {
      why,
      commands: ["nexus admit lab-1 lab-2", "nexus-worker nats://CODE@lab:4222/ws1"],
    });
    assert.equal(waitingByJournal(found.table, found.state), why);
  }
  const mixed = waiting({}, [away, { ...away, orders: ["paused"] }]);
  assert.equal(mixed.why()?.why, "waiting for a worker: none of the 2 that have joined may take runs");
  assert.equal(mixed.why()?.why, waitingByJournal(mixed.table, mixed.state));
  assert.deepEqual(mixed.why()?.commands.slice(0, 2), ["nexus admit lab-1", "nexus resume lab-2"]);
  const gone = waiting({}, [away, { silentMs: 99_000 }]).why();
  assert.equal(gone?.why, "waiting for a worker: none of the 1 that may take runs is there");
  assert.equal(gone?.commands[0], "nexus admit lab-1");
});

test("nexus list jobs shows a waiting job with its reason, and a paused job as paused", () => {
  const { story, state } = waiting({}, []);
  const listed = (): unknown => {
    const texts: string[] = [];
    printJobs(
      {
        state,
        workspace: "ws1",
        flags: "",
        output: { result: (text) => void texts.push(text), note: () => undefined },
      },
      { json: true },
    );
    const { status, reason } = JSON.parse(texts.join("")) as { status: string; reason: string | null };
    return [status, reason];
  };
  assert.deepEqual(listed(), ["waiting", "waiting for a worker: none has joined yet"]);
  const change = { type: "job-state", job: story.job, by: "ann", op: "op-2", at: 3 } as const;
  apply(state, { ...change, state: "paused", reason: "lunch" });
  assert.deepEqual(listed(), ["paused", "lunch"]);
});

test("workers that are connected but may not take the job are named, with what would help", () => {
  const target = waiting({ computeTarget: "gpu" }, [{ targets: ["cpu"] }, { targets: ["big"] }]).why();
  assert.equal(target?.why, "waiting for a worker that serves gpu: lab-1, lab-2 do not");
  const steady = waiting({ lowPriority: false }, [{ opportunistic: true }]).why();
  assert.match(steady?.why ?? "", /not opportunistic \(low_priority: false\): lab-1 is/);
  const shy = waiting({}, [{ noCode: true }]);
  assert.equal(shy.why()?.why, "waiting for a free slot on lab-1");
  const code = { sha256: "", files: 1, zipped: new Uint8Array(0) };
  shy.table.submitted = { ...shy.table.submitted, code };
  assert.match(shy.why()?.why ?? "", /without --no-code: job\d+ brings code of its own, and lab-1 is started with it/);
  const benched = waiting({}, [{ orders: ["benched"] }, { silentMs: 99_000 }]).why();
  assert.match(benched?.why ?? "", /lab-1 is benched/);
  assert.equal(benched?.commands[0], "nexus admit lab-1");
  const paused = waiting({}, [{ orders: ["paused"] }]).why();
  assert.match(paused?.why ?? "", /lab-1 is paused/);
  assert.equal(paused?.commands[0], "nexus resume lab-1");
});
test("a job with a search of its own may wait for that", () => {
  const own = waiting({ hpTuning: "own" }, [{}]).why();
  assert.equal(own?.why, "waiting for its own search to choose, or for a free slot on lab-1");
});

test("if a worker may take the job, there is nothing to type, and a job that runs waits for nothing", () => {
  const busy = waiting({ computeTarget: "gpu" }, [{ targets: ["gpu"] }, {}, {}, {}, {}]).why();
  assert.deepEqual(busy, { why: "waiting for a free slot on lab-1, lab-2, lab-3 and 2 more", commands: [] });
  const running = waiting({}, []);
  running.story.started("run1.1", []);
  for (const event of running.story.events.slice(1)) apply(running.state, event);
  assert.equal(running.why(), null);
});

test("a job that waits says which other job has its workers, whatever they are called", () => {
  const why = (settings: Partial<JobSettings>, ...names: string[]): string | undefined => {
    const its = waiting(
      settings,
      names.map((name) => ({ worker: workerIdFrom(name), gpus: 1 })),
    );
    const other = new JobStory({ number: 2 });
    other.started("run2.1", []);
    for (const event of other.events)
      apply(its.state, event.type === "assigned" ? { ...event, worker: workerIdFrom(names[0] ?? "") } : event);
    return its.why()?.why;
  };
  assert.equal(why({}, "lab-1"), "waiting for a free slot on lab-1, which is busy with job2");
  const gpu = { gpusPerRun: 1 };
  assert.match(why(gpu, "taken") ?? "", /and all of taken are taken: taken is busy with job2$/);
});

test("a job whose runs need several slots waits for those, or for a whole worker", () => {
  const why = (...slots: number[]): string | undefined =>
    waiting(
      { coresPerRun: 4 },
      slots.map((each) => ({ slots: each })),
    ).why()?.why;
  assert.equal(why(8, 2), "waiting for 4 free slots (cores_per_run) on lab-1, lab-2");
  assert.equal(
    why(2),
    "waiting until nothing else runs on lab-1: a run takes 4 slots (cores_per_run), more than it has",
  );
});

test("without a leader's status the job waits for a coordinator", () => {
  const found = waiting({}, []);
  assert.deepEqual(whyWaiting(found.table, found.state, undefined, { ...words, flags: " --workspace lab" }), {
    why: "waiting for a coordinator that leads",
    commands: ["nexus-coord --workspace lab"],
  });
});

test("a worker that list workers calls away counts as absent for waiting jobs too", () => {
  const said = (silentMs: number, order: string[] = []): readonly [string, boolean] => {
    const { table, state } = waiting({}, [{ silentMs, orders: order }]);
    const present = { slots: 1, opportunistic: false, noCode: false, targets: [], version: null, skewMs: null };
    const workers = [{ worker: workerIdFrom("lab-1"), silentMs, ...present }];
    const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers, leases: [] };
    const texts: string[] = [];
    printWorkers(
      {
        state,
        workspace: "ws1",
        flags: "",
        output: { result: (text) => void texts.push(text), note: () => undefined },
      },
      {},
      status,
    );
    return [whyWaiting(table, state, status, words)?.why ?? "", / away +\d+s ago /.test(texts.join(""))];
  };
  assert.deepEqual(said(29_000), ["waiting for a free slot on lab-1", false]);
  assert.deepEqual(said(40_000), ["waiting for a worker: none of the 1 that have joined is there", true]);
  // A refused worker asks every 30 s; the time its message takes does not count as silence.
  assert.deepEqual(said(30_400, ["benched"]), ["waiting for a worker: lab-1 is benched", false]);
  const working = { state: "admitted", duty: "working" } as const;
  const silent = (silentMs: number, held: number): boolean => isSilent(working, { silentMs, leaseMs: 6000, held });
  assert.deepEqual([silent(28_000, 0), silent(30_000, 0), silent(6100, 1)], [false, true, true]);
});

test("a job for GPUs waits for a worker with a free one, and says who lends none", () => {
  const job = { gpusPerRun: 1 };
  assert.deepEqual(waiting(job, [{}, {}]).why(), {
    why: "waiting for a worker with a free GPU: a run of job1 takes 1 GPU (gpus_per_run), and lab-1, lab-2 lend none",
    commands: ["nexus-worker nats://CODE@lab:4222/ws1"],
  });
  assert.equal(
    waiting({ gpusPerRun: 4 }, [{ gpus: 2 }]).why()?.why,
    "waiting for a worker with a free GPU: a run of job1 takes 4 GPUs (gpus_per_run), and lab-1 lends 2",
  );
  assert.deepEqual(waiting(job, [{ gpus: 2 }, {}]).why(), {
    why: "waiting for a worker with a free GPU: a run takes 1 GPU (gpus_per_run), and all of lab-1 are taken",
    commands: [],
  });
  const { table, state } = waiting(job, [{}]);
  assert.equal(waitingByJournal(table, state), "waiting for a worker with a free GPU");
});
