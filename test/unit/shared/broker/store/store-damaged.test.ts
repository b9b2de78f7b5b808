import assert from "node:assert/strict";
import { test } from "node:test";
import { aimed, journalGap, StoreDamagedError } from "../../../../../shared/broker/store/store-check.ts";
import { explain, JournalCorruptError } from "../../../../../shared/errors.ts";

test("a damaged store's error names the damage and commands for the workspace it is aimed at", () => {
  const error = journalGap(7, 9);
  assert.ok(error instanceof JournalCorruptError);
  assert.match(error.message, /^records 7 to 9 of the journal are missing: .*\n.*nexus repair\n.*nexus restore FILE/);
  const there = aimed(error, " --workspace lab");
  assert.ok(there instanceof StoreDamagedError);
  assert.equal(there.damage, error.damage);
  assert.match(there.message, /nexus --workspace lab repair\n.*nexus --workspace lab restore FILE --replace$/);
  assert.equal(there.cause, error);
  assert.deepEqual(explain(there, "nexus"), { text: there.message, exit: 1 });
});

test("an error that is no damage of the store is not aimed anywhere", () => {
  const error = new JournalCorruptError("record 3 cannot be");
  assert.equal(aimed(error, " --workspace lab"), error);
});
