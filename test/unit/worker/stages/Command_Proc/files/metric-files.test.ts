import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { record } from "../../../../../../shared/tensorboard/event-file.ts";
import { bytes, integer, message, text } from "../../../../../../shared/tensorboard/protobuf.ts";
import { takeRecords } from "../../../../../../shared/tensorboard/read-events.ts";
import { EventRows } from "../../../../../../worker/stages/Command_Proc/files/event-rows.ts";
import { type HowMuch, MetricFiles } from "../../../../../../worker/stages/Command_Proc/files/metric-files.ts";
import { WandbRows } from "../../../../../../worker/stages/Command_Proc/files/wandb-rows.ts";
import { temporaryFolder } from "../../../../../support/cleanup.ts";

/** Written by TensorBoard's own EventFileWriter: train/loss as simple values, val/acc as tensors, for steps 0 to 3. */
const events = readFileSync(
  fileURLToPath(
    new URL("../../../../../../../test/fixtures/metric-files/events.out.tfevents.1795881636.host.0", import.meta.url),
  ),
);

/** A run's folder, and what is read from a file in it. */
function watched(path: string, metrics = ["acc", "loss"], columns: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const files = new MetricFiles({ path, columns }, metrics, [folder]);
  const read = (howMuch: HowMuch = "new") =>
    files.read(howMuch).map(({ step, row, values }) => [step ?? `row ${row}`, values]);
  return { folder, file: join(folder, path), files, read };
}

describe("a table that grows", () => {
  test("a growing table is read as it comes; a torn line waits, and so does the newest iteration", () => {
    const { file, read } = watched("m.csv");
    assert.deepEqual(read(), []);
    writeFileSync(file, "step,loss,acc,note\n1,0.9,0.1,a\n2,0.8");
    assert.deepEqual(read(), [[1, { loss: 0.9, acc: 0.1 }]]);
    appendFileSync(file, ",,\n2,,0.2,\n3,0.7,,\n");
    assert.deepEqual(read(), [[2, { loss: 0.8, acc: 0.2 }]]);
    assert.deepEqual(read(), []);
    assert.deepEqual(read("last"), [[3, { loss: 0.7 }]]);
    assert.deepEqual(read("last"), []);
  });

  test("a last line without its end is a row once its program has ended well, and before that never", () => {
    for (const [name, whole, torn] of [
      ["m.csv", "step,loss\n1,0.9\n", "2,0.8"],
      ["m.jsonl", '{"step": 1, "loss": 0.9}\n', '{"step": 2, "loss": 0.8}'],
    ] as const) {
      const { file, read } = watched(name, ["loss"]);
      writeFileSync(file, whole + torn);
      assert.deepEqual(read("last"), [[1, { loss: 0.9 }]]);
      assert.deepEqual(read("done"), [[2, { loss: 0.8 }]]);
      assert.deepEqual(read("done"), []);
    }
  });

  test("a table of metrics counts from where its attempt began, whatever an earlier one has left", () => {
    const { file, files, read } = watched("m.csv");
    writeFileSync(file, "loss\n0.9\n0.8\n");
    files.begin();
    assert.deepEqual(read(), []);
    appendFileSync(file, "0.7\n");
    assert.deepEqual(read(), [["row 1", { loss: 0.7 }]]);
  });

  test("a table with a count of its own is told again, as the count says what was reported", () => {
    const { file, files, read } = watched("m.csv");
    writeFileSync(file, "Epoch,loss,acc\n1,0.9,0.1\n2,0.8,0.2\n");
    files.begin();
    assert.deepEqual(read(), [
      [1, { loss: 0.9, acc: 0.1 }],
      [2, { loss: 0.8, acc: 0.2 }],
    ]);
  });

  test("a table of metrics in a small file may have 200,000 rows", () => {
    const { file, files } = watched("m.csv", ["loss"]);
    writeFileSync(file, `loss\n${"1\n".repeat(200_000)}`);
    assert.equal(files.read("last").length, 200_000);
  });

  test("a table loses no metric to a checkpoint between two rows of one iteration", () => {
    const { file, files, read } = watched("m.csv");
    writeFileSync(file, "step,loss,acc\n1,0.9,0.1\n2,0.8,\n");
    assert.deepEqual(
      files.read("all").map(({ step }) => step),
      [1],
    );
    appendFileSync(file, "2,,0.2\n");
    assert.deepEqual(read(), [[2, { loss: 0.8, acc: 0.2 }]]);
  });

  test("a table of hundreds of thousands of lines is read bit by bit, so that signals are heard", () => {
    const { file, files } = watched("m.csv", ["loss"]);
    const all = 400_000;
    writeFileSync(file, `step,loss\n${Array.from({ length: all }, (_, i) => `${i + 1},0.5`).join("\n")}\n`);
    const first = files.read("new").length;
    assert.ok(first > 0 && first <= all / 2, `${first} of ${all}`);
    assert.equal(first + files.read("last").length, all);
  });

  test("what a table had of an iteration when its worker died is told by the next attempt", () => {
    const [run, state] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(state, "m.csv"), "step,loss,acc\n4,0.5,\n4,,0.6\n5,,0.7\n");
    const files = new MetricFiles({ path: "m.csv", columns: {} }, ["acc", "loss"], [run, state]);
    const read = () => files.read("new").map(({ step, values }) => [step, values]);
    files.begin();
    assert.deepEqual(read(), [[4, { loss: 0.5, acc: 0.6 }]]);
    writeFileSync(join(run, "m.csv"), "step,loss,acc\n6,0.3,\n");
    const [both, half] = Array.from({ length: 5 }, read).flat();
    assert.deepEqual([both, half], [[5, { acc: 0.7 }], undefined]);
  });

  test("a table is read to its end when the program has ended, however large it is", () => {
    const { file, files } = watched("m.csv");
    const filler = "x".repeat(1000);
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i + 1},0.5,${filler}\n`);
    writeFileSync(file, `step,loss,note\n${lines.join("")}`);
    assert.equal(files.read("last").at(-1)?.step, 20_000);
  });

  test("a table may have quotes, semicolons or tabs, percent signs, nan and inf", () => {
    for (const [name, content] of [
      ["m.csv", '"epoch","val; loss","acc"\r\n1,"0.5","93%"\r\n2,nan,-inf\r\n'],
      ["m.tsv", "epoch\tval; loss\tacc\n1\t0.5\t93%\n2\tnan\t-inf\n"],
    ] as const) {
      const { file, read } = watched(name, ["acc", "loss"], { loss: "val; loss" });
      writeFileSync(file, content);
      assert.deepEqual(read("last"), [
        [1, { acc: 93, loss: 0.5 }],
        [2, { acc: Number.NEGATIVE_INFINITY, loss: Number.NaN }],
      ]);
    }
  });

  test("a table without a column that counts goes by its rows, and one that is named counts", () => {
    const rows = watched("m.csv", ["loss"]);
    writeFileSync(rows.file, "n,loss\n10,3\n20,2\n");
    assert.deepEqual(rows.read(), [
      ["row 1", { loss: 3 }],
      ["row 2", { loss: 2 }],
    ]);
    const named = watched("m.csv", ["loss"], { iters: "n" });
    writeFileSync(named.file, "n,loss\n10,3\n20,2\n");
    assert.deepEqual(named.read("last"), [
      [10, { loss: 3 }],
      [20, { loss: 2 }],
    ]);
  });

  test("a table that is rewritten with a new column or replaced is read anew, and nothing twice", () => {
    const { file, read, folder } = watched("m.csv", ["loss", "acc"]);
    writeFileSync(file, "step,loss\n1,0.9\n2,0.8\n");
    assert.deepEqual(read(), [[1, { loss: 0.9 }]]);
    writeFileSync(file, "step,loss,acc\n1,0.9,\n2,0.8,\n2,,0.5\n3,0.7,0.6\n");
    assert.deepEqual(read(), [
      [2, { loss: 0.8, acc: 0.5 }],
      [3, { loss: 0.7, acc: 0.6 }],
    ]);
    writeFileSync(join(folder, "next"), "step,loss,acc\n4,0.6,0.7\n");
    renameSync(join(folder, "next"), file);
    assert.deepEqual(read(), [[4, { loss: 0.6, acc: 0.7 }]]);
  });
});

describe("JSON", () => {
  test("JSON lines: half a line waits, nested names have slashes, what is no object is passed over", () => {
    const { file, read } = watched("log.jsonl", ["acc", "loss"], { acc: "val/acc" });
    writeFileSync(
      file,
      'starting\n{"epoch": 0, "val": {"acc": 0.5}, "loss": NaN, "note": "[NaN, 1]"}\n[1]\n{"epoch": 1, "lo',
    );
    assert.deepEqual(read(), [[0, { acc: 0.5, loss: Number.NaN }]]);
    appendFileSync(file, 'ss": "2.5"}\n');
    assert.deepEqual(read("last"), [[1, { loss: 2.5 }]]);
  });

  test("a JSON summary that is written anew is read whole, once it is whole", () => {
    const { file, read } = watched("wandb-summary.json", ["acc"]);
    writeFileSync(file, '{"_step": 3, "ac');
    assert.deepEqual(read(), []);
    writeFileSync(file, '{"_step": 3, "acc": 0.25}');
    assert.deepEqual(read(), [[3, { acc: 0.25 }]]);
    writeFileSync(file, '{"_step": 9, "acc": 0.5}   ');
    assert.deepEqual(read("last"), [[9, { acc: 0.5 }]]);
  });
});

test("a JSON summary without a count is one row more each time that it is written anew", () => {
  const { file, files, read } = watched("summary.json", ["acc"]);
  writeFileSync(file, '{"acc": 0.25}');
  files.begin();
  assert.deepEqual(read(), [], "an earlier attempt left it");
  writeFileSync(file, '{"acc": 0.5}');
  assert.deepEqual(read(), [["row 1", { acc: 0.5 }]]);
  assert.deepEqual(read(), []);
  writeFileSync(file, '{"acc": 0.75}');
  assert.deepEqual(read(), [["row 2", { acc: 0.75 }]]);
});

describe("TensorBoard's events", () => {
  const expected = [0, 1, 2, 3].flatMap((step) => [
    [step, "train/loss", Math.fround(1 / (step + 1))],
    [step, "val/acc", 0.25 * (step + 1)],
  ]);
  const scalars = (pieces: readonly Buffer[]) => {
    const rows = new EventRows();
    return pieces
      .flatMap((piece) => rows.push(piece))
      .flatMap(({ step, values }) => [...values].map(([name, value]) => [step, name, value]))
      .filter(([, name]) => name !== "text/x");
  };

  test("TensorBoard's events are read in whatever pieces they come, as values or tensors of one number", () => {
    for (const size of [1, 7, 100, events.length]) {
      const pieces = Array.from({ length: Math.ceil(events.length / size) }, (_, i) =>
        events.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(scalars(pieces), expected, `pieces of ${size}`);
    }
  });

  test("TensorBoard's events with a wrong checksum are passed over, and all behind a wrong length", () => {
    const second = 16 + events.readUInt32LE(0);
    const damaged = Buffer.from(events);
    damaged[second + 20] = (damaged[second + 20] ?? 0) ^ 1;
    assert.deepEqual(scalars([damaged]), expected.slice(1));
    const third = second + 16 + events.readUInt32LE(second);
    const data = Buffer.from(events);
    data[third - 8] = (data[third - 8] ?? 0) ^ 1;
    assert.equal(takeRecords(data).broken, 1);
    const lost = Buffer.from(events);
    lost[third] = (lost[third] ?? 0) ^ 1;
    assert.equal(takeRecords(lost).isLost, true);
    assert.ok(scalars([lost]).length < expected.length);
  });

  test("TensorBoard's events too long for a scalar are passed over unread, however they come", () => {
    const long = Buffer.from(record(message(bytes(3, Buffer.alloc(3 << 20)))));
    const all = Buffer.concat([events, long, events]);
    for (const size of [4096, 1 << 20, all.length]) {
      const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
        all.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(scalars(pieces), [...expected, ...expected], `pieces of ${size}`);
    }
    const tensor = message(integer(1, 1), bytes(5, Buffer.alloc(600_000)));
    const value = message(text(1, "x"), bytes(8, tensor));
    assert.deepEqual(scalars([Buffer.from(record(message(integer(2, 1), bytes(5, message(bytes(1, value))))))]), []);
  });

  test("TensorBoard's events are found in a folder, also below it and later, and merged by their steps", () => {
    const { folder, read, files } = watched("runs", ["val_acc", "loss"], { loss: "train/loss" });
    assert.deepEqual(read(), []);
    mkdirSync(join(folder, "runs", "today", "a"), { recursive: true });
    writeFileSync(join(folder, "runs", "today", "a", "events.out.tfevents.1.host.0"), events);
    assert.deepEqual(
      read("last"),
      [0, 1, 2, 3].map((step) => [step, { val_acc: 0.25 * (step + 1), loss: Math.fround(1 / (step + 1)) }]),
    );
    assert.deepEqual(files.seen.files, ["runs/today/a/events.out.tfevents.1.host.0"]);
  });
});

describe("two files of a folder", () => {
  const line = (step: number, values: object): string => `${JSON.stringify({ step, ...values })}\n`;

  function two(metrics: readonly string[], columns: Readonly<Record<string, string>> = {}) {
    const found = watched("runs", [...metrics], columns);
    const paths = ["train", "val"].map((name) => join(found.folder, "runs", name, "log.jsonl"));
    for (const path of paths) mkdirSync(dirname(path), { recursive: true });
    const [train = "", val = ""] = paths;
    return { ...found, train, val };
  }

  test("an iteration waits for the metrics of the file that is behind, and not for ever", () => {
    const { train, val, read } = two(["acc", "loss"]);
    appendFileSync(train, line(1, { loss: 3 }) + line(2, { loss: 2 }) + line(3, { loss: 1 }));
    assert.deepEqual(read(), [], "without the first metric");
    appendFileSync(val, line(1, { acc: 0.1 }) + line(2, { acc: 0.2 }));
    // New files are looked for at some readings only.
    const seen = [1, 2, 3, 4].flatMap(() => read());
    assert.deepEqual(seen, [
      [1, { acc: 0.1, loss: 3 }],
      [2, { acc: 0.2, loss: 2 }],
    ]);
    appendFileSync(val, line(3, { acc: 0.3 }));
    appendFileSync(train, line(4, { loss: 0.5 }) + line(5, { loss: 0.4 }));
    assert.deepEqual(read(), [[3, { acc: 0.3, loss: 1 }]]);
    let found = read();
    for (let i = 0; i < 300 && found.length === 0; i += 1) found = read();
    assert.deepEqual(found, [[4, { loss: 0.5 }]]);
    assert.deepEqual(read("last"), [[5, { loss: 0.4 }]]);
  });

  test("an iteration for which the other file has nothing is told once that file is past it", () => {
    const { train, val, read } = two(["loss", "acc"]);
    appendFileSync(train, line(1, { loss: 3 }) + line(2, { loss: 2 }) + line(3, { loss: 1 }));
    appendFileSync(val, line(3, { acc: 0.3 }));
    assert.deepEqual(read(), [
      [1, { loss: 3 }],
      [2, { loss: 2 }],
      [3, { loss: 1, acc: 0.3 }],
    ]);
  });

  test("two files that call their metrics alike are told apart by their folders", () => {
    const { train, val, read } = two(["val_loss", "loss"], { loss: "train/loss" });
    appendFileSync(train, line(1, { loss: 3 }));
    appendFileSync(val, line(1, { loss: 4 }));
    assert.deepEqual(read(), [[1, { loss: 3, val_loss: 4 }]]);
  });
});

describe("W&B's offline files", () => {
  /** A file of W&B's format. A record that does not fit into its block is split. */
  function wandbFile(records: readonly Uint8Array[]): Buffer {
    let out = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0]);
    for (const record of records) {
      let rest = Buffer.from(record);
      let isFirst = true;
      do {
        const left = 32_768 - (out.length % 32_768);
        if (left < 7) out = Buffer.concat([out, Buffer.alloc(left)]);
        const room = 32_768 - (out.length % 32_768) - 7;
        const part = rest.subarray(0, room);
        rest = rest.subarray(part.length);
        const kind = rest.length === 0 ? (isFirst ? 1 : 4) : isFirst ? 2 : 3;
        const head = Buffer.alloc(7);
        head.writeUInt32LE(crc32(part, crc32(Buffer.of(kind))));
        head.writeUInt16LE(part.length, 4);
        head[6] = kind;
        out = Buffer.concat([out, head, part]);
        isFirst = false;
      } while (rest.length > 0);
    }
    return out;
  }
  const history = (step: number, values: Readonly<Record<string, unknown>>): Uint8Array => {
    const items = Object.entries(values).map(([name, value]) =>
      bytes(1, message(text(1, name), text(16, JSON.stringify(value)))),
    );
    return message(integer(1, step + 1), bytes(2, message(...items, bytes(2, message(integer(1, step))))));
  };
  const records = [0, 1, 2].map((step) => history(step, { acc: step / 10, big: "x".repeat(40_000) }));

  test("W&B's offline files are read in pieces, across blocks, and a damaged record is passed over", () => {
    const file = wandbFile([message(integer(1, 1), text(4, "output")), ...records]);
    for (const size of [1000, file.length]) {
      const rows = new WandbRows("");
      const found = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
        rows.push(file.subarray(i * size, (i + 1) * size)),
      ).flat();
      assert.deepEqual(
        found.map(({ step, values }) => [step, values.get("acc")]),
        [
          [0, 0],
          [1, 0.1],
          [2, 0.2],
        ],
      );
    }
    file[file.length - 10] = 0;
    assert.equal(new WandbRows("").push(file).length, 2);
  });

  test("W&B's offline files are preferred to the summary beside them", () => {
    const { folder, read } = watched("wandb", ["acc"]);
    mkdirSync(join(folder, "wandb", "offline-run-1", "files"), { recursive: true });
    writeFileSync(join(folder, "wandb", "offline-run-1", "run-1.wandb"), wandbFile([history(4, { acc: 0.75 })]));
    writeFileSync(join(folder, "wandb", "offline-run-1", "files", "wandb-summary.json"), '{"acc": 1, "_step": 9}');
    assert.deepEqual(read("last"), [[4, { acc: 0.75 }]]);
  });
});

describe("what is no file of metrics", () => {
  test("a link in the place of a file of metrics is not followed, and a pipe not waited for", () => {
    const { folder, file, read } = watched("m.csv", ["loss"]);
    writeFileSync(join(folder, "elsewhere.csv"), "loss\n1\n");
    symlinkSync(join(folder, "elsewhere.csv"), file);
    assert.deepEqual(read("last"), []);
    const pipe = watched("p.csv", ["loss"]);
    execFileSync("mkfifo", [pipe.file]);
    assert.deepEqual(pipe.read("last"), []);
  });

  test("a file without the metrics tells which numbers it has", () => {
    const { file, read, files } = watched("m.csv", ["accuracy"]);
    writeFileSync(file, "step,top1,name\n1,0.5,x\n");
    assert.deepEqual(read("last"), []);
    assert.deepEqual(files.seen, { files: ["m.csv"], columns: ["step", "top1"] });
  });
});
