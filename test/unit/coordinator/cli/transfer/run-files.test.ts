import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filesOf } from "../../../../../coordinator/cli/transfer/run-files.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { Bus } from "../../../../../shared/ports.ts";
import { contentBytes, newKey, sealChunks } from "../../../../../shared/wire/sealed-chunks.ts";
import { chunk } from "../../../../../shared/wire/subjects.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";

describe("a file that a run uploaded", () => {
  const story = new JobStory({ number: 1 });
  const job = story.job;
  story.started("run1.1", []);
  const table = stateOf(story).jobs.get(job);
  const trial = table?.trial(1);
  assert.ok(table && trial);
  const worker = workerIdFrom("w1");
  const key = newKey();
  const content = Buffer.alloc(2 * contentBytes + 1, "weights");
  const { chunks: pieces, sum } = sealChunks(content, key);
  const names = pieces.map((_, i) => chunk(worker, job, 1, 1, "files", i));
  const stored = new Map(names.map((name, i) => [name, pieces[i] ?? Buffer.of()]));

  /** The file, where reading hands over only these of its pieces, and those lost are nowhere. */
  const fileOf = (read: readonly number[], lost: readonly number[] = []) => {
    const asked: string[] = [];
    const bus: Pick<Bus, "read" | "piece"> = {
      read: async (_stream, _from, hear) => {
        for (const i of read)
          hear({ seq: i + 1, subject: names[i] ?? "", msgId: `${i}`, data: pieces[i] ?? Buffer.of() });
        return { caughtUp: Promise.resolve(), stop: async () => undefined };
      },
      piece: async (_stream, subject) => {
        asked.push(subject);
        return lost.some((i) => names[i] === subject) ? null : (stored.get(subject) ?? null);
      },
    };
    const list = { blob: "files", key, files: [{ path: "model", ...sum }], leftOut: "" };
    const evidence = {
      ...{ curve: { run: trial.run, stages: [] }, console: null, said: [], titles: {}, gpus: "", environment: "" },
      files: { worker, attempt: 1, list },
    };
    const repro = { text: "", logsToTensorBoard: false };
    const files = filesOf(bus as Bus, { table, trial }, evidence, repro);
    return { file: files.find(({ path }) => path === "model"), asked };
  };

  test("an uploaded file is whole though its reading begins in the middle, on a server that is still copying", async () => {
    const { file, asked } = fileOf([1]);
    assert.ok(content.equals((await file?.content()) ?? Buffer.of()));
    assert.deepEqual(asked, [names[0], names[2]]);
    const read = fileOf([0, 1, 2]);
    assert.ok(content.equals((await read.file?.content()) ?? Buffer.of()));
    assert.deepEqual(read.asked, []);
  });

  test("an uploaded file is damaged if a piece of it is nowhere, and no more pieces are asked for", async () => {
    const { file, asked } = fileOf([], [1]);
    await assert.rejects(async () => file?.content(), /expected 3 pieces of \d+ bytes, found 1/);
    assert.deepEqual(asked, names.slice(0, 2));
  });
});
