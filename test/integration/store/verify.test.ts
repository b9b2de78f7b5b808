import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { workerIdFrom } from "../../../shared/domain/names.ts";
import { createWorkspace, workspacePaths } from "../../../shared/machine/workspace.ts";
import { encodeEvidence, type ReportRow } from "../../../shared/wire/messages.ts";
import { evidence } from "../../../shared/wire/subjects.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { JobStory, workerOf } from "../../support/stories/job-story.ts";
import { type ToldMessage, tellWorkspace } from "../../support/stories/told-workspace.ts";

/** Two completed runs of a job, with their evidence; the hpmax of run i is i. */
function story(): { events: JournalEvent[]; told: ToldMessage[]; story: JobStory } {
  const told: ToldMessage[] = [];
  const job = new JobStory({ number: 1, settings: { totalRuns: 2 } });
  for (let i = 1; i <= 2; i += 1) {
    const run = `run1.${i}`;
    const n = job.started(run, []);
    const reports: ReportRow[] = [10, 20, 30].map((iters) => [1, iters, 0, [i], [1]]);
    const body = { attempt: 1, reports, hpmax: i, iters: 30, metrics: {}, console: "" };
    told.push({ subject: evidence(workerOf(run), job.job, n, "result"), data: encodeEvidence(body) });
    job.completed(n, run, i, 30);
  }
  return { events: job.events, told, story: job };
}

async function workspaceOf(events: readonly JournalEvent[], told: readonly ToldMessage[]): Promise<string> {
  const folder = temporaryFolder();
  const paths = workspacePaths("ws1", { HOME: folder, XDG_DATA_HOME: `${folder}/data` });
  createWorkspace(paths);
  await tellWorkspace(paths, events, told);
  return folder;
}

describe("nexus verify", () => {
  test("nexus verify says of a job or workspace that every promise was kept, and refuses unknown jobs", async () => {
    const { events, told, story: job } = story();
    job.over();
    const folder = await workspaceOf(events, told);
    const whole = await nexusAt(["verify"], folder);
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
    assert.match(
      whole.stdout,
      /^workspace ws1: 1 job, 2 runs, 2 of them ended and 0 open; 6 records of the journal, 2 messages/,
    );
    assert.match(whole.stdout, /every promise was kept:/);
    const one = await nexusAt(["verify", "job1", "--json"], folder);
    assert.equal(one.code, 0);
    const { type, ok, ended, violations } = JSON.parse(one.stdout);
    assert.deepEqual({ type, ok, ended, violations }, { type: "verification", ok: true, ended: 2, violations: [] });
    const none = await nexusAt(["verify", "job9"], folder);
    assert.equal(none.code, 3);
    assert.match(none.stderr, /there is no job9 in workspace ws1/);
  });

  test("nexus verify of one job reads who may join, and nothing of the other jobs", async () => {
    const { events, told, story: job } = story();
    job.over();
    const of = (op: string) => ({ by: "ann", op, at: 1 });
    const made = { type: "invited", publicKey: "UA", expiresAt: 9, uses: 1, targets: ["gpu"] } as const;
    const worker = workerIdFrom("lab-9");
    const door: JournalEvent[] = [
      { ...made, invite: "3h4gcg2g", ...of("i1") },
      { ...made, invite: "9k2mfd7x", ...of("i2") },
      {
        type: "worker-enrolled",
        worker,
        publicKey: "UW",
        host: "lab",
        invite: "9k2mfd7x",
        targets: ["gpu"],
        op: "e1",
        at: 2,
      },
      { type: "invite-ended", invite: "9k2mfd7x", reason: "withdrawn", ...of("i3") },
    ];
    const second = new JobStory({ number: 2, settings: { totalRuns: 1 } });
    const folder = await workspaceOf([...door, ...events, ...second.events], told);
    const { code, stdout } = await nexusAt(["verify", "job1"], folder);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^job1: 1 job, 2 runs, 2 of them ended and 0 open; 10 records .*\nevery promise was kept:/);
  });

  test("nexus verify says what is broken, and exits with 1", async () => {
    const { events, told, story: job } = story();
    // The second run's result was never published, and the first run's evidence lacks a report.
    const [first] = told;
    assert.ok(first);
    const reports: ReportRow[] = [10, 20, 40, 50].map((iters) => [1, iters, 0, [1], [1]]);
    const body = { attempt: 1, reports, hpmax: 1.5, iters: 50, metrics: {}, console: "" };
    job.over();
    const folder = await workspaceOf(events, [{ ...first, data: encodeEvidence(body) }]);
    const { code, stdout } = await nexusAt(["verify", "job1"], folder);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /5 broken:\n {2}the evidence .* ends with message 1, but the journal cites 2/);
    assert.match(stdout, /job1 trial 1: "completed" of attempt 1, but evidence 1 says hpmax 1.5, the journal 1\n/);
    assert.match(stdout, /job1 trial 2: "completed" rests on evidence 2, which is not there\n/);
    assert.match(stdout, /job1 trial 1: its curve has a gap: stage 1: nothing between 20 and 40/);
  });

  test("nexus verify names runs whose worker left reports out, and no promise is broken by that", async () => {
    const { events, told, story: job } = story();
    const [first, second] = told;
    assert.ok(first && second);
    const body = { attempt: 1, reports: [], hpmax: 1, iters: 30, metrics: {}, console: "" };
    job.over();
    const folder = await workspaceOf(events, [{ ...first, data: encodeEvidence(body) }, second]);
    const gap =
      "job1 trial 1: its curve has a gap: no report is there, and the result says 30 iterations (told by node-1)";
    const { code, stdout } = await nexusAt(["verify"], folder);
    assert.equal(code, 0, stdout);
    assert.ok(stdout.includes(`1 run lacks reports that no worker sent, which breaks no promise`), stdout);
    assert.ok(stdout.includes(`\n  ${gap}\nevery promise was kept:\n`), stdout);
    const { ok, gaps } = JSON.parse((await nexusAt(["verify", "--json"], folder)).stdout);
    assert.deepEqual({ ok, gaps }, { ok: true, gaps: [gap] });
  });

  test("nexus verify goes on where the journal cannot be folded, and says where that is", async () => {
    const { events, told } = story();
    const twice = events.find(({ type }) => type === "completed");
    assert.ok(twice);
    const folder = await workspaceOf([...events, twice], told);
    const { code, stdout } = await nexusAt(["verify"], folder);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /message 6 of the journal is impossible: .* nothing after it was folded/);
    assert.match(stdout, /trial 1: "completed" of attempt 1, but it had ended already: completed/);
    assert.match(stdout, /evidence 1 was counted before/);
  });
});
