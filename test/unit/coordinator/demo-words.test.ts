import assert from "node:assert/strict";
import { test } from "node:test";
import { demoHelp, readDemoWords, typedHere } from "../../../coordinator/demo-words.ts";
import { UsageError } from "../../../shared/errors.ts";

test("npm start takes --again and --help, and refuses anything else", () => {
  assert.deepEqual(readDemoWords([]), { again: false, help: false });
  assert.deepEqual(readDemoWords(["--again"]), { again: true, help: false });
  assert.ok(readDemoWords(["-h"]).help && readDemoWords(["--help"]).help);
  assert.throws(() => readDemoWords(["--bad"]), { name: UsageError.name, message: /unknown option "--bad"/ });
  assert.match(demoHelp, /--again/);
});

test("the demo prints commands that work here: with npm, with npx, or of an installed program", () => {
  assert.deepEqual(typedHere({ npm_lifecycle_event: "start" }), {
    demo: "npm start",
    again: "npm start -- --again",
    prefix: "npx ",
  });
  assert.equal(typedHere({ npm_lifecycle_event: "npx" }).again, "npx nexus demo --again");
  assert.deepEqual(typedHere({}), { demo: "nexus demo", again: "nexus demo --again", prefix: "" });
});
