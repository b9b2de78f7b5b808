import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { objectIn } from "../../../../../worker/stages/Command_Proc/json-object.ts";

describe("an object of JSON that a training program wrote", () => {
  test("a program's JSON may have NaN and infinity as values, and in its texts, which stay as they are", () => {
    for (const [text, object] of [
      ['{"iters":1,"loss":0.5,"msg":"grad: NaN"}', { iters: 1, loss: 0.5, msg: "grad: NaN" }],
      [
        '{"loss": NaN, "msg": "a \\", [Infinity, \\\\", "f1":-Infinity}',
        { loss: "NaN", msg: 'a ", [Infinity, \\', f1: "-Infinity" },
      ],
      ['{"a, NaN": [NaN, 1,Infinity], "b":{"c":NaN}}', { "a, NaN": ["NaN", 1, "Infinity"], b: { c: "NaN" } }],
      ['{"loss": 1, "msg": "all is well"}', { loss: 1, msg: "all is well" }],
    ] as const)
      assert.deepEqual(objectIn(text), object, text);
  });

  test("what is no whole object of JSON is passed over, also a long text without an end", () => {
    const quotes = '\\"'.repeat(400_000);
    for (const text of ["{NaN: 1}", '{"loss": NaN', '{"loss": nan}', "[NaN]", "NaN", `{"a": NaN, "b": "${quotes}`])
      assert.equal(objectIn(text), undefined);
    assert.equal(objectIn(`{"a": NaN, "b": "${quotes}"}`)?.["a"], "NaN");
  });
});
