import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { surfaceFor } from "../../bench/search-quality/catalogue.ts";
import { measure } from "../../bench/search-quality/measuring.ts";
import { PeerDriver } from "../../bench/search-quality/peers/driver.ts";
import { peers } from "../../bench/search-quality/peers/peers.ts";
import { mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { packageFolder } from "../../support/golden.ts";

/** A tool that speaks driver.py's protocol: it tries the positions in turn, and recommends the best single run. */
const tool = `
import { createInterface } from "node:readline";
let spaces, open, best;
const chosen = ({ values, range }, n, i) => range ? range.from + (range.to - range.from) * ((n * 0.37) % 1) : (n * (i + 1)) % values;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer = {};
  if (request.do === "open" && request.search === "broken") answer = { error: "BrokenError: no such thing" };
  else if (request.do === "open") [spaces, open, best] = [request.hyperparameters, new Map(), null];
  else if (request.do === "ask") open.set(request.n, answer.positions = spaces.map((space, i) => chosen(space, request.n, i)));
  else if (request.do === "tell") {
    if (best === null || request.hpmax > best.estimate) best = { positions: open.get(request.n), estimate: request.hpmax };
    open.delete(request.n);
  } else answer = best;
  console.log(JSON.stringify({ cpuMs: 2, ...answer }));
}
`;

function startTool(): PeerDriver {
  const script = join(temporaryFolder(), "tool.mjs");
  writeFileSync(script, tool);
  const driver = new PeerDriver(process.execPath, script);
  mustEnd(driver.pid);
  return driver;
}

test("a peer's tool searches over JSON lines as a search of ours does", async (t) => {
  const driver = startTool();
  t.after(() => driver.end());
  const task = { surface: "gbm", search: "tool", workers: 4, seed: 1, budgets: [20, 40] };
  const outcome = await measure(task, (search, surface, seed) => driver.open(search, surface, seed));
  assert.equal(outcome.choices, 43);
  // 43 choices and 40 results, 2 ms each; recommending does not count as choosing.
  assert.equal(outcome.cpuMs, 166);
  for (const found of outcome.found) {
    assert.deepEqual(found.own, found.s);
    assert.ok((found.own?.regret ?? -1) >= 0);
  }
});

test("numbers that a peer's tool chooses from a range become marks", async (t) => {
  const driver = startTool();
  t.after(() => driver.end());
  const surface = surfaceFor("log-ranges", 1);
  const search = await driver.open("tool", surface, 1);
  const before = surface.hyperparameters.map(({ values }) => values.length);
  const configuration = await search.choose(1);
  assert.deepEqual(configuration, before);
  assert.equal(surface.hyperparameters[3]?.values[configuration[3] ?? -1], 0.37);
  assert.ok(surface.truth(configuration) > 0);
});

test("what a peer's tool says of its failure is passed on, and the next search can be opened", async (t) => {
  const driver = startTool();
  t.after(() => driver.end());
  const surface = surfaceFor("gbm", 1);
  await assert.rejects(driver.open("broken", surface, 1), /BrokenError: no such thing/);
  const search = await driver.open("tool", surface, 1);
  assert.deepEqual(await search.choose(1), [1, 2, 0, 1, 0]);
});

test("a peer's tool that cannot be started is named", async () => {
  const driver = new PeerDriver("/no/such/python");
  await assert.rejects(driver.open("tool", surfaceFor("gbm", 1), 1), /\/no\/such\/python .*driver\.py ended early/);
});

test("driver.py knows every peer, and every package is pinned", () => {
  const program = join(packageFolder(), "test/bench/search-quality/peers/driver.py");
  assert.ok(existsSync(program));
  const text = readFileSync(program, "utf8");
  for (const [name, { packages }] of Object.entries(peers)) {
    assert.match(text, new RegExp(`^ {4}"${name}": `, "m"));
    for (const each of packages) assert.match(each, /^[a-z-]+==\d+\.\d+(\.\d+)?$/);
  }
});
