import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { firstSpec, initSpec } from "../../../../coordinator/cli/submit/init.ts";
import { fittingStatus, statusOf } from "../../../../coordinator/leader/status.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { WorkerNotes } from "../../../../coordinator/live/worker-notes.ts";
import { workerRows } from "../../../../coordinator/live/worker-rows.ts";
import { isNewcomer, welcomeText } from "../../../../coordinator/view/welcome.ts";
import { loadSpecFile } from "../../../../shared/components/component-defaults.ts";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { workspacePaths } from "../../../../shared/machine/workspace.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { decode, encode } from "../../../../shared/wire/codec.ts";
import { decodeStatus, encodeStatus } from "../../../../shared/wire/messages.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { claim, leaseMs, TestReign } from "../../../support/stories/reign.ts";

describe("the first spec", () => {
  test("is one that nexus reads without a word, and searches", () => {
    const file = join(temporaryFolder(), "search.yaml");
    const notes: string[] = [];
    initSpec(file, { note: (text) => void notes.push(text), result: () => undefined });
    const { spec, warnings } = loadSpecFile(file, {});
    assert.deepEqual(warnings, []);
    assert.ok(spec.settings.enabled);
    assert.equal(spec.settings.hpTuning, "dgd");
    assert.deepEqual(
      spec.hyperparameters.map(({ name }) => name),
      ["lr", "disc", "rscale"],
    );
    assert.match(notes.join(""), new RegExp(`nexus run ${file}`));
  });

  test("is read as well when what its comments offer is done", () => {
    const read = (text: string) => {
      const file = join(temporaryFolder(), "search.yaml");
      writeFileSync(file, text);
      const { spec, warnings } = loadSpecFile(file, {});
      assert.deepEqual(warnings, []);
      return spec;
    };
    const { settings } = read(firstSpec.replace(/^ {2}# (\w+: )/gm, "  $1"));
    assert.deepEqual(
      [settings.computeNodes, settings.runsPerNode, settings.stopWhen],
      [4, 2, { name: "hpmax", op: ">=", value: 0.05 }],
    );
    for (const tuning of ["random", "grid", "false"]) {
      assert.equal(String(read(firstSpec.replace("hp_tuning: dgd", `hp_tuning: ${tuning}`)).settings.hpTuning), tuning);
    }
    assert.equal(read(firstSpec.replace("enabled: 1 ", "enabled: 0 ")).settings.enabled, false);
    assert.match(firstSpec, /To leave one alone, shorten its list to the tuned value\./);
    const fewer = read(
      firstSpec
        .replace(/\[1\.0e-4.*\]/, "[1.0e-3]")
        .replace(/\[0\.70.*\]/, "[0.90]")
        .replace("[1, 2, 4, 8, 16, 32]", "[1, 8]"),
    );
    assert.deepEqual(
      fewer.hyperparameters.map(({ values }) => values),
      [[0.001], [0.9], [1, 8]],
    );
  });

  test("has a line of no more than 120 characters, and never takes a file's place", () => {
    for (const line of firstSpec.split("\n")) assert.ok(line.length <= 120, line);
    const file = join(temporaryFolder(), "search.yaml");
    writeFileSync(file, "mine");
    assert.throws(() => initSpec(file, { note: () => undefined, result: () => undefined }), UsageError);
    assert.equal(readFileSync(file, "utf8"), "mine");
  });

  test("is offered in words that 80 columns hold", () => {
    for (const folder of ["/home/ann/searches", `/home/ann/${"deep/".repeat(12)}searches`]) {
      const text = welcomeText(folder, 80);
      assert.ok(text.includes(folder));
      for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  test("is offered where nobody has searched and no spec lies", () => {
    const folder = temporaryFolder();
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
    const here = join(folder, "here");
    mkdirSync(here);
    assert.ok(isNewcomer(paths, here));
    writeFileSync(join(here, "mine.yml"), "");
    assert.ok(!isNewcomer(paths, here));
    const other = join(folder, "other");
    mkdirSync(other);
    mkdirSync(paths.store, { recursive: true });
    assert.ok(isNewcomer(paths, other));
    writeFileSync(join(paths.store, "jetstream"), "");
    assert.ok(!isNewcomer(paths, other));
  });
});

describe("the leader's status", () => {
  test("says who was heard when, and how long leases last", async () => {
    const swarm = new TestReign();
    const job = swarm.submit({ totalRuns: 10 });
    await answerClaim(swarm.reign, "lab-1" as WorkerId, claim("claim-1"));
    swarm.now += 1000;
    const status = decodeStatus(encodeStatus(statusOf(swarm.reign)));
    assert.deepEqual(
      status.workers.map(({ worker, silentMs }) => [worker, silentMs]),
      [["lab-1", 1000]],
    );
    assert.deepEqual(status.leases, [{ job, n: 1, attempt: 1, leftMs: leaseMs - 1000, iters: 0 }]);
    assert.equal(status.leaseMs, leaseMs);
    const rows = (heard: typeof status | null, statusAgeMs: number) =>
      workerRows(swarm.reign.state, new WorkerNotes(), { status: heard, statusAgeMs, wall: 0 });
    const [busy] = rows(status, 500);
    assert.deepEqual([busy?.state, busy?.held, busy?.silentMs], ["busy", 1, 1500]);
    const [lost] = rows(status, 2 * leaseMs);
    assert.equal(lost?.state, "lost");
    // Without a word of the leader nobody is called lost.
    assert.equal(rows(null, 0)[0]?.state, "busy");
  });

  /** A reign that has heard of so many workers. */
  function reignOver(workers: number, targets: readonly string[]): TestReign {
    const swarm = new TestReign();
    const said = { bootId: "b", retired: new Set<string>(), heardAt: 0, slots: 2, opportunistic: false, noCode: false };
    for (let i = 0; i < workers; i += 1) {
      swarm.reign.presence.set(`lab-${i}` as WorkerId, { ...said, targets, version: "0.1.0", skewMs: null });
    }
    return swarm;
  }

  test("tells of ten thousand workers and of all that they hold", () => {
    const { reign } = reignOver(10_000, []);
    for (let n = 1; n <= 20_000; n += 1) {
      const lease = {
        job: "job1" as JobName,
        n: 900_000 + n,
        attempt: 1,
        worker: `lab-${n >> 1}` as WorkerId,
        bootId: "b",
      };
      reign.leases.grant(lease, 0, true);
    }
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes);
    assert.deepEqual(decodeStatus(bytes), statusOf(reign));
  });

  test("leaves out what workers hold and serve where all of it is too much for a message", () => {
    const { reign } = reignOver(
      10_000,
      Array.from({ length: 20 }, (_, pool) => `pool-${pool}`),
    );
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes && bytes.length <= 750_000);
    const { workers } = decodeStatus(bytes);
    assert.deepEqual([workers.length, workers[0]?.targets], [10_000, []]);
  });

  test("from elsewhere is checked", () => {
    assert.throws(() => decodeStatus(new Uint8Array([0xff])), BadMessage);
    const { reign } = reignOver(2, []);
    const encoded = (change: object): Uint8Array => {
      const { workers, ...rest } = decode(encodeStatus(statusOf(reign))) as { workers: object };
      return encode({ ...rest, workers: { ...workers, ...change } });
    };
    assert.throws(
      () => decodeStatus(encoded({ slots: [1] })),
      /workers.slots: expected 2 values as in worker, found 1/,
    );
    assert.throws(() => decodeStatus(encoded({ slots: [1, "2"] })), /workers\[1\].slots: expected a whole number/);
    assert.throws(() => decodeStatus(encoded({ worker: undefined })), /workers.worker: expected a list/);
    assert.equal(decodeStatus(encoded({ version: undefined })).workers[1]?.version, null);
  });
});
