import assert from "node:assert/strict";
import { test } from "node:test";
import { fileText, withEscapedJson } from "../../../../coordinator/operator/output.ts";

const hostile = "x\u009b31m\u202eevil\u007f";

test("JSON that nexus prints holds no character that moves a cursor, and reads the same", () => {
  let text = "";
  let isJson = true;
  const result = (said: string): void => {
    text = said;
  };
  const output = { result, note: () => undefined, width: 80 };
  const escaped = withEscapedJson(output, () => isJson);
  escaped.result(JSON.stringify({ reason: hostile }));
  assert.equal(text, '{"reason":"x\\u009b31m\\u202eevil\\u007f"}');
  assert.deepEqual(JSON.parse(text), { reason: hostile });
  isJson = false;
  escaped.result("a plot → as it is");
  assert.equal(text, "a plot → as it is");
  assert.equal(escaped.width, 80);
});

test("a spec goes exactly to a file, and without control characters to a terminal", () => {
  assert.equal(fileText(`# ${hostile}`, {}), `# ${hostile}\n`);
  assert.equal(fileText(`a: 1 # ${hostile}\n`, { width: 80 }), "a: 1 # x 31m evil \n");
});
