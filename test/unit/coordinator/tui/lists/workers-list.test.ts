import assert from "node:assert/strict";
import { test } from "node:test";
import { printWorkers } from "../../../../../coordinator/cli/list/list-workers.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { Status } from "../../../../../shared/wire/messages.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";

const story = new JobStory({ number: 1 });
const rejected = story.started("run1.1", []);
story.completed(rejected, "run1.1", 0.5);
story.judged("rejected", [rejected]);
story.started("run2.1", []);

const gigabyte = 1e9;
const said = { silentMs: 0, opportunistic: false, noCode: false, version: null, skewMs: null };
const status = (...diskFree: readonly number[]): Status => ({
  term: 9,
  leader: "leader",
  leaseMs: 30_000,
  workers: diskFree.map((free, i) => ({
    ...said,
    worker: workerIdFrom(`node-${i + 1}`),
    slots: 1 + i,
    targets: i === 0 ? [] : ["gpu"],
    cpu: 90 + i,
    diskFree: free * gigabyte,
  })),
  leases: [],
});

test("the workers' filter takes every name of nexus list workers, those of the leader's status too", () => {
  const { lists, search } = modelOf(story);
  const texts: string[] = [];
  const output = { result: (text: string) => void texts.push(text), note: () => undefined };
  printWorkers({ state: search.state, workspace: "ws1", flags: "", output }, { json: true }, status(3, 9));
  const { type, v, ...listed } = JSON.parse(texts.join("").split("\n")[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([type, v], ["worker", 1]);
  assert.ok("slots" in listed && "disk_gb" in listed && "rejected" in listed);
  const names = new Set(lists.workers.filterNames);
  assert.deepEqual(
    Object.keys(listed).filter((name) => !names.has(name)),
    [],
  );
});

test("the workers' filter compares what the leader says now, not when the filter was typed", () => {
  const { lists, search } = modelOf(story);
  const { workers } = lists;
  search.heard(status(3, 9), 0);
  search.look(1000);
  const shown = (): string => workers.rows.map(({ record }) => record.id).join(" ");
  for (const [filter, expected] of [
    ["slots>1", "node-2"],
    ["targets=gpu", "node-2"],
    ["targets=all", "node-1"],
    ["cpu_pct>90", "node-2"],
    ["running=1", "node-2"],
    ["rejected>0", "node-1"],
    ["disk_gb<5", "node-1"],
  ] as const) {
    workers.setFilter(filter, 1000);
    assert.equal(shown(), expected, filter);
  }
  search.heard(status(9, 3), 2000);
  search.look(2000);
  workers.reorderNow(2000);
  assert.equal(shown(), "node-2");
});
