import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOfProperty } from "../../../../../coordinator/cli/submit/property-place.ts";
import { ProblemList } from "../../../../../shared/domain/runspec/problems.ts";
import { composeYaml } from "../../../../../shared/domain/runspec/yaml-tree.ts";

test("an error about a property's name points at that name, not at its value or all the names", () => {
  const text = "stage:\n  component: processors/Command_Proc\n  arguments: { lr: 1, 名: 2 }\n";
  const { root } = composeYaml("a.yaml", text, new ProblemList());
  const sought = { component: "processors/Command_Proc", property: "arguments", found: '"名"' };
  const at = root && placeOfProperty(root, { ...sought, key: "名" });
  assert.equal(text.slice(at?.start, at?.end), "名");
});
