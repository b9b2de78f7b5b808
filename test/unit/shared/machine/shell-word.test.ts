import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellWord } from "../../../../shared/machine/shell-word.ts";

test("a shell reads a quoted word as the word it was", () => {
  const words = ["job1", "run1.*", "a b", "it's", "$HOME", "--creds=/tmp/a.creds", ""];
  const line = `printf '%s|' ${words.map(shellWord).join(" ")}`;
  assert.equal(execFileSync("sh", ["-c", line], { encoding: "utf8" }), `${words.join("|")}|`);
});

test("ordinary words are printed for a shell without quotes", () => {
  assert.equal(
    ["job1", "run1.2-run1.9", "nats://host:4222"].map(shellWord).join(" "),
    "job1 run1.2-run1.9 nats://host:4222",
  );
});
