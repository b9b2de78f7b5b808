import assert from "node:assert/strict";
import { test } from "node:test";
import { ownSearches, type SearchesFrom } from "../../../../coordinator/own-search/own-searches.ts";
import { searchProof } from "../../../../shared/broker/access/search-proof.ts";
import type { JobName } from "../../../../shared/domain/names.ts";
import { defaultOwnSearch } from "../../../../shared/domain/search/own-search.ts";
import type { Log } from "../../../../shared/log.ts";
import { systemClock } from "../../../../shared/time/clock.ts";
import { sealKey } from "../../../../shared/wire/seals/seals.ts";

const [older, newest] = [1, 2].map((byte) => sealKey(new Uint8Array(32).fill(byte), byte));
const backup = { from: "lab", at: "2026-11-29T08:00:00Z" };
const searches = (from: SearchesFrom) =>
  ownSearches({
    folder: "/nowhere",
    logs: "/nowhere",
    from,
    keys: () => (older && newest ? [older, newest] : []),
    barredBy: (job, op) => (job === "job1" && op === "o1" ? backup : undefined),
    clock: systemClock,
    log: {} as Log, // nothing is started
  });

test("a search that came with a backup is not started, whoever may order searches here", () => {
  for (const from of ["here", "operators"] as const) {
    assert.match(
      searches(from).whyNot("job1" as JobName, "o1")?.why ?? "",
      /came with the backup of lab of 2026-11-29T08/,
    );
    assert.equal(searches(from).whyNot("job1" as JobName, "o2"), null);
  }
});

test("an order for a search needs the newest key: whoever has an old backup has the older ones", () => {
  const ordered = { op: "o1", search: { ...defaultOwnSearch, command: ["walk"] }, code: null };
  const refusal = (key = newest): string | null =>
    key ? searches("here").refusalOf("o1", ordered.search, null, searchProof(key, ordered)) : "no key";
  assert.equal(refusal(), null);
  assert.match(refusal(older) ?? "", /this order does not come from there/);
});
