import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobName } from "../../../../shared/domain/names.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import * as allLimits from "../../../../shared/wire/limits.ts";
import { type Claim, decodeAsk, decodeEvidence, encodeAsk, encodeEvidence } from "../../../../shared/wire/messages.ts";
import { keysKept } from "../../../../shared/wire/reader.ts";
import { testimonyOf } from "../../../../shared/wire/testimony.ts";
import { fromBase64, oldJson, oldMessages } from "../../../support/stories/old-forms.ts";
import { decoders } from "../../../support/wire/decoders.ts";
import { largest } from "../../../support/wire/largest.ts";

/** Asserts a refusal that tells the place and what was expected, and nothing of the message's content. */
function refuses(form: string, bytes: Uint8Array, why: RegExp): void {
  assert.throws(
    () => decoders[form]?.(bytes),
    (error) =>
      error instanceof BadMessage &&
      error.message.length < 160 &&
      !error.message.includes("mine") &&
      why.test(error.message),
  );
}

describe("limits of each kind of message", () => {
  for (const [what, { form, bytes }] of Object.entries(largest())) {
    test(`the largest message that our programs send passes its limits: ${what}`, () => {
      assert.ok(decoders[form]?.(bytes));
    });
  }

  test("no kind of message may have more different keys than the reader keeps places of", () => {
    const kinds = Object.values({ ...allLimits, ...allLimits.evidenceLimits });
    const words = kinds.flatMap((limits) => (typeof limits === "object" && "words" in limits ? [limits.words] : []));
    assert.ok(words.length > 10 && words.every((most) => most < keysKept));
  });

  test("every message and all evidence that version 0.1 left passes the limits", () => {
    const sent = oldJson<readonly { readonly form: string; readonly bytes: string }[]>("wire.json.gz");
    for (const { form, bytes } of sent) assert.ok(decoders[form]?.(fromBase64(bytes)), form);
    for (const message of oldMessages("evidence.jsonl.gz")) assert.ok(testimonyOf(message), message.subject);
  });

  for (const form of Object.keys(decoders)) {
    test(`the decoder of ${form} refuses 600 kB of small values before anything is built of them`, () => {
      // {v: 1, x: [[], [], ...]}
      const head = [0x82, 0xa1, 0x76, 1, 0xa1, 0x78, 0xdd, 0x00, 0x09, 0x27, 0xc0];
      const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(600_000, 0x90)]);
      refuses(form, bytes, /^more than \d+ |^\d+ bytes; at most/);
    });

    test(`the decoder of ${form} refuses ever new keys`, () => {
      const many = Array.from({ length: 15_000 }, (_, i) => [`mine${i}`, 1]);
      refuses(
        form,
        encode({ v: 1, x: Object.fromEntries(many) }),
        /^more than \d+ (different keys|values)|bytes; at most/,
      );
    });

    test(`the decoder of ${form} refuses keys in ever new orders, and sparse numbers as keys`, () => {
      const turned = (i: number): object =>
        Object.fromEntries([0, 1, 2, 3].map((k) => [`mine${(k + i) % 4}${i % 9}`, 1]));
      const why = /^more than \d+ (orders of keys|different keys|mappings|lists|values)|bytes; at most/;
      // A status comes from a leader alone, and names other jobs for each worker.
      if (form !== "status") refuses(form, encode({ v: 1, x: Array.from({ length: 2000 }, (_, i) => turned(i)) }), why);
      const sparse = Array<object>(2000).fill({ "1023": 1, "2046": 1, "3308": 1 });
      refuses(form, encode({ v: 1, x: sparse }), /^more than \d+ (mappings|lists|values)|bytes; at most/);
    });

    test(`the decoder of ${form} refuses lists inside lists`, () => {
      refuses(form, Buffer.from([0x82, 0xa1, 0x76, 1, 0xa1, 0x78, ...Array<number>(10).fill(0x91), 1]), /^deeper than/);
    });
  }

  const claim: Claim = {
    kind: "claim",
    claimId: "c1",
    bootId: "b1",
    version: "0.1.0",
    sentAt: 1,
    slots: 1,
    lastResultSeq: 0,
    after: null,
    targets: [],
    opportunistic: false,
    noCode: false,
  };
  const wrongClaims: readonly [what: string, change: Partial<Claim>, why: RegExp][] = [
    ["2^53 - 1 slots", { slots: Number.MAX_SAFE_INTEGER }, /slots: expected a whole number from 1 to 4096/],
    ["a long bootId", { bootId: "mine".repeat(17) }, /bootId: expected 1 to 64 visible characters/],
    ["an empty claimId", { claimId: "" }, /claimId: expected 1 to 64/],
    ["a claimId with an escape sequence", { claimId: "mine\x1b[2J" }, /claimId: expected 1 to 64/],
    ["a hand-back of more than an hour", { graceMs: 3_600_001 }, /graceMs: expected a whole number from 0 to 3600000/],
    ["101 pools", { targets: Array<string>(101).fill("mine") }, /targets: expected a list of at most 100/],
    ["a pool with a long name", { targets: ["mine".repeat(17)] }, /targets\[0\]: expected text of at most 64/],
  ];
  for (const [what, change, why] of wrongClaims) {
    test(`a claim with ${what} is refused`, () => {
      assert.ok(decodeAsk(encodeAsk(claim)));
      refuses("ask", encodeAsk({ ...claim, ...change }), why);
    });
  }

  test("a renewal of more trials than a worker has slots is refused", () => {
    const held = Array.from({ length: 10_001 }, (_, i) => ({ job: "job1" as JobName, n: i + 1, attempt: 1, iters: 0 }));
    refuses("ask", encodeAsk({ kind: "renew", bootId: "b1", held }), /held: expected a list of at most 10000/);
  });

  test("reports are refused beyond their number, their metrics, and both together", () => {
    const report = (count: number, metrics: number): Uint8Array =>
      encodeEvidence({
        attempt: 1,
        reports: Array.from({ length: count }, () => [1, 1, 1, Array<number>(metrics).fill(1), []]),
      });
    assert.equal(decodeEvidence({ kind: "report" }, report(20_000, 2)).reports.length, 20_000);
    refuses("report", report(20_001, 1), /reports: expected a list of at most 20000/);
    refuses("report", report(1, 1001), /reports\[0\]\[3\]: expected a list of at most 1000/);
    refuses("report", report(1000, 500), /^more than 180000 values/);
    const text = encode({ v: 1, attempt: 1, reports: [[1, 1, 1, ["mine"], []]] });
    refuses("report", text, /reports\[0\]\[3\]\[0\]: expected a number, found string/);
  });
});
