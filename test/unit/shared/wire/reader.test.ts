import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { unpack } from "msgpackr";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { decode, encode } from "../../../../shared/wire/codec.ts";
import { widestLimits } from "../../../../shared/wire/reader.ts";
import { oldJson } from "../../../support/stories/old-forms.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

/** The bytes of every message of the wire, as real programs sent them. */
const real = oldJson<{ readonly bytes: string }[]>("wire.json.gz").map(({ bytes }) => Buffer.from(bytes, "base64"));

describe("the reader of messages", () => {
  test("every message that real programs sent is read as another decoder reads it", () => {
    assert.ok(real.length > 50);
    for (const bytes of real) assert.deepEqual(decode(bytes), unpack(bytes));
  });

  test("whatever our encoder writes is read as it was, and as another decoder reads it", () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, undefined, true, false),
        fc.double(),
        fc.integer(),
        fc.maxSafeInteger(),
        fc.string({ unit: "binary" }),
        fc.uint8Array(),
        fc.array(tie("value")),
        fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          tie("value"),
        ),
      ),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = encode(value);
        const read = decode(bytes);
        assert.deepEqual(read, unpack(bytes));
        assert.equal(Buffer.compare(encode(read), bytes), 0);
      }),
    );
  });

  test("a key that would change what an object inherits is read as another one, as another decoder does", () => {
    const bytes = encode(JSON.parse('{"__proto__": {"isAdmin": true}}'));
    const read = decode(bytes) as object;
    assert.deepEqual(read, unpack(bytes));
    assert.deepEqual([Object.keys(read), Object.getPrototypeOf(read)], [["__proto_"], Object.prototype]);
  });

  const refused: readonly [what: string, bytes: Uint8Array, why: RegExp][] = [
    ["nothing", hex(""), /^ends in the middle of a value/],
    ["a text that is cut", hex("a3 61 62"), /^ends in the middle of a value/],
    ["a list that is cut", hex("92 01"), /^ends in the middle of a value/],
    ["a length of 4 GB", hex("dd ff ff ff ff 01"), /^ends in the middle of a value/],
    ["a byte too many", hex("01 02"), /^1 bytes more than the value/],
    ["a number as a key", hex("81 01 02"), /^a key that is no text at byte 1/],
    ["a mapping as a key", hex("81 80 02"), /^a key that is no text/],
    ["a reference (msgpackr's extension 0x70)", hex("92 d6 69 00 00 00 01 d6 70 00 00 00 01"), /^an extension/],
    ["bundled strings (msgpackr's extension 0x62)", hex("d6 62 00 00 00 01"), /^an extension/],
    ["a date", hex("d6 ff 00 00 00 00"), /^an extension/],
    ["an extension of one byte", hex("d4 01 00"), /^an extension/],
    ["the byte that MessagePack never uses", hex("c1"), /^an extension, or no MessagePack/],
    [
      "a whole number beyond 2^53",
      hex("92 01 cf 00 20 00 00 00 00 00 00"),
      /^a whole number of more than 53 bits at byte 2/,
    ],
    ["a whole number below -2^53", hex("d3 ff df ff ff ff ff ff ff"), /^a whole number of more than 53 bits at byte 0/],
  ];
  for (const [what, bytes, why] of refused) {
    test(`the reader refuses ${what}`, () => {
      assert.throws(
        () => decode(bytes),
        (error) => error instanceof BadMessage && why.test(error.message),
      );
    });
  }

  test("the reader reads every form of a number", () => {
    const forms = [
      "07",
      "ff",
      "cc c8",
      "cd 01 00",
      "ce 00 01 00 00",
      "cf 00 1f ff ff ff ff ff ff",
      "d0 80",
      "d1 80 00",
    ];
    const longer = ["d2 80 00 00 00", "d3 ff e0 00 00 00 00 00 01", "ca 3f 00 00 00", "cb 3f e0 00 00 00 00 00 00"];
    const { MAX_SAFE_INTEGER } = Number;
    assert.deepEqual(
      [...forms, ...longer].map((form) => decode(hex(form))),
      [7, -1, 200, 256, 65_536, MAX_SAFE_INTEGER, -128, -32_768, -(2 ** 31), -MAX_SAFE_INTEGER, 0.5, 0.5],
    );
  });

  test("no key of a message sets the prototype of what is read", () => {
    const bytes = Buffer.concat([hex("81 a9"), Buffer.from("__proto__"), hex("81 a1 78 01")]);
    for (let i = 0; i < 2; i++) {
      const read = decode(bytes) as { x?: number };
      assert.equal(read.x, undefined);
      assert.deepEqual(Object.keys(read), ["__proto_"]);
    }
  });

  test("the reader reads texts and keys of all lengths, in letters of one byte or more", () => {
    for (const letter of ["x", "é", "\u{1f41d}"]) {
      for (const length of [0, 1, 2, 15, 16, 17, 31, 32, 255, 256, 65_535, 65_536]) {
        const text = letter.repeat(length);
        for (let i = 0; i < 2; i++) assert.deepEqual(decode(encode({ text, [text]: 1 })), { text, [text]: 1 });
      }
    }
  });

  test("the reader refuses a message that is larger, deeper or fuller than its kind allows", () => {
    const nested = (depth: number): Uint8Array => Buffer.from([...Array<number>(depth).fill(0x91), 0x01]);
    const limits = {
      bytes: 100,
      depth: 8,
      values: 20,
      lists: 10,
      mappings: 5,
      texts: 3,
      words: 3,
      shapes: 2,
      numbered: 1,
    };
    decode(nested(8), limits);
    assert.throws(() => decode(nested(9), limits), /^BadMessage: deeper than 8/);
    assert.throws(() => decode(nested(200)), /^BadMessage: deeper than 64/);
    decode(encode(Array<number>(19).fill(1)), limits);
    assert.throws(() => decode(encode(Array<number>(20).fill(1)), limits), /^BadMessage: more than 20 values/);
    assert.throws(() => decode(encode("x".repeat(100)), limits), /^BadMessage: 102 bytes; at most 100/);
    decode(encode(Array<number[]>(9).fill([])), limits);
    assert.throws(() => decode(encode(Array<number[]>(10).fill([])), limits), /^BadMessage: more than 10 lists/);
    assert.throws(() => decode(encode(Array<object>(6).fill({})), limits), /^BadMessage: more than 5 mappings/);
    assert.throws(() => decode(encode(["a", "b", Buffer.of(1), "d"]), limits), /^BadMessage: more than 3 texts/);
    decode(encode([{ a: 1, b: 2 }, { b: 3, c: 4 }, { a: 5 }]), limits);
    assert.throws(
      () => decode(encode([{ a: 1, b: 2 }, { b: 3, c: 4 }, { d: 5 }]), limits),
      /^BadMessage: more than 3 different keys/,
    );
  });

  test("the reader refuses ever new orders of keys, and many mappings with numbers as keys", () => {
    const limits = { ...widestLimits, shapes: 2, numbered: 1 };
    const orders = (count: number): object[] =>
      Array.from({ length: count }, (_, i) => (i % 3 === 0 ? { a: 1, b: 2 } : i % 3 === 1 ? { b: 1, a: 2 } : { a: 1 }));
    decode(encode(orders(4)), limits);
    assert.throws(() => decode(encode(orders(5)), limits), /^BadMessage: more than 2 orders of keys/);
    decode(encode(Array<object>(100).fill({ a: { b: 1 } })), limits);
    decode(encode([{}, {}, {}, ...orders(2)]), limits);
    decode(
      encode([
        { "7": 1, "4000000000": 2 },
        { "7a": 1, "-7": 2 },
      ]),
      limits,
    );
    assert.throws(
      () => decode(encode([{ "7": 1 }, { a: { "1023": 1 } }]), limits),
      /^BadMessage: more than 1 mappings with numbers as keys/,
    );
  });

  test("a mutated message is refused without telling its content, or can be decoded", () => {
    const mutated = fc.tuple(
      fc.constantFrom(...real),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat()),
    );
    let passed = 0;
    fc.assert(
      fc.property(mutated, ([message, changes, cut]) => {
        const bytes = Buffer.from(message);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        const sent = cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
        try {
          decode(sent);
        } catch (error) {
          assert.ok(error instanceof BadMessage && error.message.length < 120);
          return;
        }
        passed += 1;
        decode(sent);
      }),
      { numRuns: 6_000 },
    );
    assert.ok(passed > 300, `${passed} of 6,000 mutated messages passed`);
  });
});
