import assert from "node:assert/strict";
import { test } from "node:test";
import { demoHelp, readDemoWords } from "../../../coordinator/demo-words.ts";
import { UsageError } from "../../../shared/errors.ts";

test("npm start takes --again and --help, and refuses anything else", () => {
  assert.deepEqual(readDemoWords([]), { again: false, help: false });
  assert.deepEqual(readDemoWords(["--again"]), { again: true, help: false });
  assert.ok(readDemoWords(["-h"]).help && readDemoWords(["--help"]).help);
  assert.throws(() => readDemoWords(["--bad"]), { name: UsageError.name, message: /unknown option "--bad"/ });
  assert.match(demoHelp, /--again/);
});
