import assert from "node:assert/strict";
import { test } from "node:test";
import { Properties } from "../../../../worker/components/properties.ts";
import { readCommand } from "../../../../worker/stages/Command_Proc/command-spec.ts";

test("a property without an upper bound is asked for without one", () => {
  const properties = new Properties({ component: "agents/AAC_Agent", gradient_clip: -1 });
  properties.positive("gradient_clip", Number.MAX_VALUE);
  assert.throws(() => properties.check(), /"gradient_clip" is -1; expected a finite number above 0$/);
});

test("a command's argument or variable whose name cannot be used is blamed for its name, not its value", () => {
  const command = { component: "processors/Command_Proc", command: ["a"], metrics: ["value"], goal: "maximize" };
  const spec = { ...command, summary: "last", decimals: 3, random_seed: 1, as_options: true };
  assert.throws(
    () => readCommand({ ...spec, arguments: { 名: 1 } }),
    /arguments: the name "名" cannot be used; expected a letter/,
  );
  assert.throws(() => readCommand({ ...spec, arguments: { x: [[1]] } }), /arguments\.x: .* found \[\[1\]\]$/);
  assert.throws(() => readCommand({ ...spec, arguments: {}, env: { "a-b": 1 } }), /env: the name "a-b" cannot be used/);
  assert.throws(() => readCommand({ ...spec, arguments: {}, decimals: Number.POSITIVE_INFINITY }), /found \.inf$/);
});

test("a command with more metrics than a result may have is refused before anything is trained", () => {
  const spec = { component: "processors/Command_Proc", command: ["a"], goal: "maximize", summary: "last", decimals: 3 };
  const read = (count: number) =>
    readCommand({
      ...spec,
      ...{ random_seed: 1, as_options: true, arguments: {} },
      metrics: Array.from({ length: count }, (_, i) => `accuracy_${i}`),
    });
  assert.equal(read(99).metrics.length, 99);
  assert.throws(() => read(100), /metrics: expected at most 99 names, found 100$/);
});
