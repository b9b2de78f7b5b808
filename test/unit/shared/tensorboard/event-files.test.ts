import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, crc32c, maskedCrc32c } from "../../../../shared/tensorboard/crc32c.ts";
import {
  eventFileName,
  fileEnd,
  fileStart,
  hparamsSession,
  record,
  scalars,
} from "../../../../shared/tensorboard/event-file.ts";
import { double, float, integer, message, text, varint } from "../../../../shared/tensorboard/protobuf.ts";
import { fieldsOf, readEvents } from "../../../support/event-file.ts";
import { ordered, unordered } from "../../../support/stories/search.ts";

test("CRC-32C gives the known answers of RFC 3720 and of the catalogue, CRC-32 those of zlib", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test("protocol buffers are written as in the examples of their specification", () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  assert.equal(hex(integer(1, 150)), "089601");
  assert.equal(hex(text(2, "testing")), "120774657374696e67");
  assert.equal(hex(varint(300)), "ac02");
  assert.equal(hex(varint(-1)), "ffffffffffffffffff01");
  assert.equal(hex(double(1, 1)), "09000000000000f03f");
  assert.equal(hex(float(2, 1)), "150000803f");
  assert.deepEqual(fieldsOf(Buffer.from(message(integer(1, 2 ** 53 - 1)))), [
    { field: 1, type: 0, value: BigInt(Number.MAX_SAFE_INTEGER) },
  ]);
});

test("the first record of an event file is the one that TensorFlow writes", () => {
  // brain.Event:2 at wall time 0, bytes as TensorFlow's own record writer makes them.
  const event = message(double(1, 0), text(3, "brain.Event:2"));
  assert.equal(Buffer.from(event).toString("hex"), "0900000000000000001a0d627261696e2e4576656e743a32");
  const written = Buffer.from(record(event));
  assert.equal(written.readBigUInt64LE(), 24n);
  // Every event file of TensorFlow begins like this: `18 00 00 00 00 00 00 00 a3 7f 4b 22`.
  assert.equal(written.subarray(0, 12).toString("hex"), "1800000000000000a37f4b22");
});

test("an event file holds its version, its session, each report and its end", () => {
  const session = hparamsSession(
    [ordered("lr", [0.1, 0.01]), unordered("core", ["GRU", true, null])],
    [0.01, "GRU"],
    ["hpmax", "s1-rew"],
    1000,
  );
  const file = Buffer.concat([
    fileStart(session),
    scalars(1001.5, 10_000, [
      ["s1-rew", 0.25],
      ["s1-win", Number.NaN],
    ]),
    scalars(1002, 20_000, [["hpmax", -2]]),
    fileEnd(1002, "success"),
  ]);
  const [version, start, first, second, end, ...more] = readEvents(file, maskedCrc32c);
  assert.equal(more.length, 0);
  assert.deepEqual([version?.version, version?.wallTime], ["brain.Event:2", 1000]);
  assert.deepEqual(
    [first?.step, first?.wallTime, first?.scalars["s1-rew"], first?.scalars["s1-win"]],
    [10_000, 1001.5, 0.25, Number.NaN],
  );
  assert.deepEqual([second?.step, second?.scalars], [20_000, { hpmax: -2 }]);
  const info = start?.plugins["_hparams_/session_start_info"];
  assert.equal(info?.name, "hparams");
  const inStart = fieldsOf(info.content).find(({ field }) => field === 3)?.value as Buffer;
  const entries = fieldsOf(inStart).filter(({ field }) => field === 1);
  const shown = entries.map(({ value }) => fieldsOf(value as Buffer).map(({ value: part }) => String(part)));
  assert.equal(shown[0]?.[0], "lr");
  assert.equal(shown[1]?.[0], "core");
  const [lr] = fieldsOf(fieldsOf(entries[0]?.value as Buffer)[1]?.value as Buffer);
  assert.ok(lr && Buffer.isBuffer(lr.value));
  assert.deepEqual([lr.field, lr.value.readDoubleLE()], [2, 0.01]);
  const experiment = start?.plugins["_hparams_/experiment"];
  assert.equal(experiment?.name, "hparams");
  const inExperiment = fieldsOf(fieldsOf(experiment.content).find(({ field }) => field === 2)?.value as Buffer);
  // Fields of api.proto's Experiment: time_created_secs, hparam_infos, metric_infos.
  assert.deepEqual(
    inExperiment.map(({ field, type }) => [field, type]),
    [
      [3, 1],
      [4, 2],
      [4, 2],
      [5, 2],
      [5, 2],
    ],
  );
  const [name] = fieldsOf(inExperiment[1]?.value as Buffer);
  assert.deepEqual([name?.field, String(name?.value)], [1, "lr"]);
  const ended = end?.plugins["_hparams_/session_end_info"];
  const inEnd = fieldsOf(ended?.content ?? Buffer.alloc(0)).find(({ field }) => field === 4)?.value as Buffer;
  assert.equal(fieldsOf(inEnd).find(({ field }) => field === 1)?.value, 1n);
});

test("a damaged record of an event file is noticed when it is read", () => {
  const file = Buffer.from(fileStart(hparamsSession([], [], [], 5)));
  file[14] = (file[14] ?? 0) ^ 1;
  assert.throws(() => readEvents(file, maskedCrc32c), /damaged/);
});

test("an event file's name is one that TensorBoard looks for, whatever the host's name", () => {
  assert.equal(eventFileName(1795507200.7, "lab pc/2"), "events.out.tfevents.1795507200.lab_pc_2");
});
