import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { encode } from "../../../../shared/wire/codec.ts";
import type { ReportRow } from "../../../../shared/wire/messages.ts";
import { mostRunnerBytes, readFromRunner } from "../../../../worker/node/from-runner.ts";
import { Channel } from "../../../../worker/runner/channel.ts";
import type { FromRunner } from "../../../../worker/runner/protocol.ts";

const frame = (value: unknown): Buffer => {
  const body = encode(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

/** A worker's end of a channel; `tell` writes as a runner would. */
async function hearing(...parts: readonly Uint8Array[]): Promise<{ heard: FromRunner[]; spoilt: string[] }> {
  const heard: FromRunner[] = [];
  const spoilt: string[] = [];
  const pipe = new PassThrough();
  new Channel<FromRunner, never>(pipe, {
    mostBytes: mostRunnerBytes,
    read: readFromRunner,
    hear: (message) => heard.push(message),
    spoilt: (why) => spoilt.push(why),
  });
  for (const part of parts) pipe.write(part);
  await new Promise((resolve) => setImmediate(resolve));
  return { heard, spoilt };
}

const row: ReportRow = [1, 10, 0.1, [0.5, Number.NaN], [1, 1]];
const console = "printed\n";
const messages: readonly FromRunner[] = [
  { type: "reports", id: 1, reports: [row], lines: "a\n" },
  {
    type: "checkpoint",
    id: 1,
    reports: [],
    lines: "",
    state: { stage: 1, iters: 10, bytes: Buffer.alloc(300_000, 7), files: [], problem: "", isUnread: false },
  },
  {
    type: "done",
    id: 1,
    reports: [row],
    lines: "",
    hpmax: -0.5,
    iters: 10,
    metrics: { "s1-rew": 1 },
    titles: {},
    console,
  },
  { type: "failed", id: 2, reports: [], lines: "", reason: "it failed", console, isOfMachine: false },
  { type: "stopped", id: 3 },
];

describe("what a runner says to its worker", () => {
  test("what a runner says to its worker arrives as it was said, however it was cut on its way", async () => {
    const bytes = Buffer.concat(messages.map(frame));
    for (const size of [bytes.length, 70_000, 4096]) {
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const { heard, spoilt } = await hearing(...parts);
      assert.deepEqual(heard, messages);
      assert.deepEqual(spoilt, []);
    }
  });

  const wrong: readonly [what: string, bytes: Uint8Array, why: RegExp][] = [
    ["a frame that claims 4 GB", Buffer.from([0xff, 0xff, 0xff, 0xff]), /^4294967295 bytes; at most/],
    ["no MessagePack", Buffer.from([0, 0, 0, 2, 0xc1, 0xc1]), /no MessagePack/],
    ["a kind that there is not", frame({ id: 1, type: "owned" }), /message.type: expected one of/],
    ["reports that are none", frame({ ...messages[0], reports: [[1, 2]] }), /reports\[0\]: expected a report of 5/],
    ["more metrics than a result may have", frame({ ...messages[2], metrics: metrics(101) }), /metrics: .*at most 100/],
    ["a console beyond its length", frame({ ...messages[2], console: "x".repeat(70_000) }), /console: expected text/],
    ["a state that is no bytes", frame({ ...messages[1], state: { stage: 1, iters: 1, bytes: "x" } }), /state.bytes/],
    ["a million small values", frame({ ...messages[0], reports: Array(1_000_000).fill(0) }), /^more than 260000/],
  ];
  for (const [what, bytes, why] of wrong) {
    test(`a runner's message is refused, and nothing after it is read: ${what}`, async () => {
      const { heard, spoilt } = await hearing(frame(messages[4]), bytes, frame(messages[4]));
      assert.deepEqual(heard, [messages[4]]);
      assert.equal(spoilt.length, 1);
      assert.match(spoilt[0] ?? "", why);
    });
  }
});

function metrics(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`s1-m${i}`, i]));
}
