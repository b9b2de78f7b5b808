import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UsageError } from "../../../../../shared/errors.ts";
import { autogroupNice, lowerAutogroup, sameAutogroup } from "../../../../../worker/processes/priority/autogroup.ts";
import { LowSessions } from "../../../../../worker/processes/priority/low-sessions.ts";
import { otherPriority } from "../../../../../worker/processes/priority/other-priority.ts";
import { systemPriority } from "../../../../../worker/processes/priority/priority.ts";
import { WorthALook } from "../../../../../worker/processes/priority/worth-a-look.ts";
import { reaperWords } from "../../../../../worker/processes/reaper/reaper.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";
import { eventually } from "../../../../support/patience.ts";

/** A tree as /proc looks, with what the kernel says of the groups of these processes. */
function proc(groups: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [pid, text] of Object.entries(groups)) {
    mkdirSync(join(folder, pid));
    writeFileSync(join(folder, pid, "autogroup"), text);
  }
  return folder;
}

describe("the group of a session", () => {
  test("a session's group is lowered once, and only where there is one", () => {
    const folder = proc({ 7: "/autogroup-812 nice 0\n", 8: "/autogroup-813 nice 19\n", 9: "" });
    assert.deepEqual(
      [7, 8, 9, 10].map((pid) => autogroupNice(pid, folder)),
      [0, 19, undefined, undefined],
    );
    assert.ok([7, 8, 9, 10].every((pid) => lowerAutogroup(pid, folder)));
    const files = [7, 8, 9].map((pid) => readFileSync(join(folder, String(pid), "autogroup"), "utf8"));
    assert.deepEqual(files, ["19", "/autogroup-813 nice 19\n", ""]);
  });

  test("a session's group is looked for after processes were started, and seldom while none are", () => {
    let newest = "11";
    const looks = new WorthALook(() => newest);
    const next = (count: number): string =>
      Array.from({ length: count }, () => (looks.next() ? "look" : "-")).join(" ");
    assert.equal(next(8), "look look - - - - look -");
    newest = "12";
    assert.equal(next(4), "look look - -");
    looks.reset();
    assert.equal(next(3), "look look -");
    newest = "";
    assert.equal(next(3), "look look look", "nobody knows");
  });

  test("a session's group that is no file counts as lowered", () => {
    const folder = proc({});
    mkdirSync(join(folder, "7", "autogroup"), { recursive: true });
    assert.ok(lowerAutogroup(7, folder), "not a file: no groups");
  });

  test("the session's group of a program that a run starts becomes as low as the run's", () => {
    assert.equal(sameAutogroup(proc({ self: "/autogroup-1 nice 0\n" })), "");
    assert.equal(sameAutogroup(proc({})), "");
    assert.match(sameAutogroup(proc({ self: "/autogroup-1 nice 19\n" })), /echo 19 >\/proc\/self\/autogroup/);
  });
});

describe("the priority of runs", () => {
  test("the priority of runs is looked after by the clock: a thousand short runs share a look", () => {
    const looks: number[] = [];
    const keeper = new LowSessions(7, assert.fail, (pid) => looks.push(pid) > 0);
    for (let run = 0; run < 1000; run += 1) {
      keeper.begin();
      keeper.end();
    }
    // The first run gets a look at once; a machine that stalls for seconds may add some.
    assert.ok(looks.length >= 1 && looks.length < 100, `${looks.length} looks`);
    assert.ok(looks.every((pid) => pid === 7));
  });

  test("a run's priority that could not be lowered at once is seen to in the next run, however short", async () => {
    let looks = 0;
    const keeper = new LowSessions(7, assert.fail, () => ++looks > 2);
    await eventually("a look that finds nothing left to do", () => {
      keeper.begin();
      keeper.end();
      return looks > 2;
    });
  });

  test("the priority of runs on macOS and Windows is the lowest that there is", () => {
    const calls: unknown[] = [];
    const set = (...call: unknown[]): void => void calls.push(call);
    for (const platform of ["darwin", "win32"] as const) {
      const priority = otherPriority(platform, set);
      assert.deepEqual(priority(false).words, []);
      assert.deepEqual(priority(true).words, platform === "darwin" ? ["/usr/sbin/taskpolicy", "-b"] : []);
      priority(false).started(11);
      priority(true).started(12);
    }
    assert.deepEqual(calls, [
      [12, 19],
      [12, 19],
    ]);
  });

  test("the priority of runs is normal where the owner says so, and never something else", () => {
    const low = systemPriority({}, "linux")(true).words.join(" ");
    assert.match(low, /chrt --idle [^|]*; renice -n 19 [^|]*; ionice/);
    assert.equal(systemPriority({ NEXUS_PRIORITY: "low" }, "linux")(true).words.join(" "), low);
    const normal = systemPriority({ NEXUS_PRIORITY: "normal" }, "linux");
    assert.deepEqual(normal(true).words, normal(false).words);
    assert.doesNotMatch(normal(true).words.join(" "), /chrt|renice|autogroup/);
    assert.throws(
      () => systemPriority({ NEXUS_PRIORITY: "high" }, "linux"),
      new UsageError("NEXUS_PRIORITY=high: expected low (the default) or normal"),
    );
  });
});

test("there is no reaper on other systems and unknown processors, nor without a program that can be one", () => {
  assert.equal(reaperWords(undefined, "darwin", "arm64"), undefined);
  assert.equal(reaperWords(undefined, "linux", "mips"), undefined);
  assert.equal(reaperWords([], "linux", process.arch), undefined);
});
