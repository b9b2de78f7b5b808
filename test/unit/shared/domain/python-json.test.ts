import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonJson } from "../../../../shared/domain/python-json.ts";

test("JSON for Python has its words for infinities and NaN, and is JSON without them", () => {
  const plain = { a: [1, "b", null, { c: true }], "d\n": undefined, e: "Infinity" };
  for (const indent of [0, 2]) assert.equal(pythonJson(plain, indent), JSON.stringify(plain, null, indent));
  const values = { x: Number.POSITIVE_INFINITY, list: [Number.NaN, -1e-7, [Number.NEGATIVE_INFINITY]], no: undefined };
  assert.equal(pythonJson(values), '{"x":Infinity,"list":[NaN,-1e-7,[-Infinity]]}');
  const indented = '{\n  "x": Infinity,\n  "list": [\n    NaN,\n    -1e-7,\n    [\n      -Infinity\n    ]\n  ]\n}';
  assert.equal(pythonJson(values, 2), indented);
});
