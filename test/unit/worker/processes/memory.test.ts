import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { watchMemory } from "../../../../worker/owner/memory-watch.ts";
import { readMemory } from "../../../../worker/processes/memory/memory-reading.ts";
import { MemoryRule, type MemorySituation, neededBytes } from "../../../../worker/processes/memory/memory-rule.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { Timeline } from "../../../simulate/timeline.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const gigabyte = 2 ** 30;

/** What a desktop of 16 GB said with a browser, an editor and one run (kernel 6.12). */
const meminfo = (availableKb: number): string => `MemTotal:       16303428 kB
MemFree:          712044 kB
MemAvailable:   ${String(availableKb).padStart(8)} kB
Buffers:          412388 kB
Cached:          6120032 kB
SwapTotal:       2097148 kB
SwapFree:        2097148 kB
`;
const pressure = (percent: string): string => `some avg10=${percent} avg60=1.20 avg300=0.31 total=9184422
full avg10=0.00 avg60=0.40 avg300=0.10 total=5022001
`;

function recorded(files: Readonly<Record<string, string>>): {
  proc: string;
  cgroups: string;
  write(name: string, text: string): void;
} {
  const folder = temporaryFolder();
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { proc: join(folder, "proc"), cgroups: join(folder, "cgroup"), write };
}

describe("a reading of the memory", () => {
  test("a reading of the memory is what the kernel says of the machine", () => {
    const files = recorded({ "proc/meminfo": meminfo(7_340_032), "proc/pressure/memory": pressure("23.50") });
    assert.deepEqual(readMemory(files), {
      totalBytes: 16303428 * 1024,
      availableBytes: 7 * gigabyte,
      pressure: 23.5,
    });
  });

  test("a reading of the memory in a limited group is what is left of that, without files in the cache", () => {
    const group = "cgroup/user.slice/nexus.service";
    const files = recorded({
      "proc/meminfo": meminfo(7_340_032),
      "proc/self/cgroup": "0::/user.slice/nexus.service\n",
      [`${group}/memory.max`]: "4294967296\n",
      [`${group}/memory.current`]: "3221225472\n",
      [`${group}/memory.stat`]: "anon 2684354560\ninactive_file 536870912\nactive_file 1\n",
      [`${group}/memory.pressure`]: pressure("4.00"),
    });
    assert.deepEqual(readMemory(files), { totalBytes: 4 * gigabyte, availableBytes: 1.5 * gigabyte, pressure: 4 });
    files.write(`${group}/memory.max`, "max\n");
    assert.equal(readMemory(files)?.availableBytes, 7 * gigabyte);
  });

  test("a reading of the memory counts a service's limit also from the worker's own group inside it", () => {
    const service = "user.slice/nexus.service";
    const own = `${service}/nexus-4711/worker`;
    const files = recorded({
      "proc/meminfo": meminfo(7_340_032),
      "proc/self/cgroup": `0::/${own}\n`,
      [`cgroup/${own}/memory.max`]: "max\n",
      [`cgroup/${own}/memory.current`]: "1048576\n",
      [`cgroup/${own}/memory.pressure`]: pressure("0.00"),
      [`cgroup/${service}/memory.max`]: "4294967296\n",
      [`cgroup/${service}/memory.current`]: "3221225472\n",
      [`cgroup/${service}/memory.stat`]: "anon 2684354560\ninactive_file 536870912\n",
      [`cgroup/${service}/memory.pressure`]: pressure("31.00"),
    });
    assert.deepEqual(readMemory(files), { totalBytes: 4 * gigabyte, availableBytes: 1.5 * gigabyte, pressure: 31 });
  });

  test("a reading of the memory does not exist where the kernel does not say", () => {
    assert.equal(readMemory(recorded({})), undefined);
  });
});

describe("the rule of memory", () => {
  const easy: MemorySituation = {
    totalBytes: 16 * gigabyte,
    availableBytes: 8 * gigabyte,
    pressure: 0,
    runsBytes: () => 4 * gigabyte,
    isOwnerHere: false,
  };
  const short = { ...easy, availableBytes: 0.5 * gigabyte };

  test("the memory rule needs a twentieth of the machine's, within limits", () => {
    assert.equal(neededBytes(2 * gigabyte), gigabyte / 4);
    assert.equal(neededBytes(10 * gigabyte), gigabyte / 2);
    assert.equal(neededBytes(256 * gigabyte), gigabyte);
  });

  test("the memory rule hands back one run after the other, with time between for the memory to come back", () => {
    const rule = new MemoryRule();
    assert.equal(rule.judge(easy, 0), "enough");
    assert.equal(rule.judge(short, 2000), "hand back");
    assert.equal(rule.judge(short, 4000), "hold");
    assert.equal(rule.judge(short, 11_999), "hold");
    assert.equal(rule.judge(short, 12_000), "hand back");
  });

  test("the memory rule lets claims go on only when there has been plenty for a while", () => {
    const rule = new MemoryRule();
    rule.judge(short, 0);
    assert.equal(rule.judge({ ...easy, availableBytes: gigabyte }, 2000), "hold", "just enough");
    assert.equal(rule.judge(easy, 4000), "hold");
    assert.equal(rule.judge({ ...easy, pressure: 9 }, 20_000), "hold", "programs waited for it again");
    assert.equal(rule.judge(easy, 22_000), "hold");
    assert.equal(rule.judge(easy, 51_999), "hold");
    assert.equal(rule.judge(easy, 52_000), "enough");
  });

  test("the memory rule hands nothing back for the use of others, unless the owner is there", () => {
    const others = { ...short, runsBytes: () => 0.5 * gigabyte };
    assert.equal(new MemoryRule().judge(others, 0), "hold");
    assert.equal(new MemoryRule().judge({ ...others, isOwnerHere: true }, 0), "hand back");
    assert.equal(
      new MemoryRule().judge({ ...short, runsBytes: () => 0, isOwnerHere: true }, 0),
      "hold",
      "nothing to hand back",
    );
  });

  test("the memory rule knows that programs wait for memory, except where much is free", () => {
    const waiting = { ...easy, availableBytes: 2 * gigabyte, pressure: 25 };
    assert.equal(new MemoryRule().judge(waiting, 0), "hand back");
    assert.equal(new MemoryRule().judge({ ...waiting, availableBytes: 8 * gigabyte }, 0), "enough");
  });
});

test("a worker short of memory hands its newest run back, claims nothing, and goes on once there is plenty", async () => {
  const files = recorded({ "proc/meminfo": meminfo(7_340_032) });
  const timeline = new Timeline();
  const { clock } = new SimProcess(timeline, "worker", "seed");
  const said: string[] = [];
  let held = "";
  const node = {
    running: 2,
    isOwnerHere: false,
    handBackNewest: (why: string) => void said.push(why),
    holdForMemory: (why: string) => {
      held = why;
    },
  };
  let counted = 0;
  const runsBytes = (): number => {
    counted += 1;
    return 3 * gigabyte;
  };
  watchMemory(clock, node, { read: () => readMemory(files), runsBytes });
  const live = async (ms: number): Promise<void> => {
    const end = timeline.now + ms;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  await live(60_000);
  assert.deepEqual([said, held, counted], [[], "", 0]);
  files.write("proc/meminfo", meminfo(307_200));
  await live(5000);
  assert.deepEqual(said, ["its machine is short of memory: 315 MB of 16695 MB left"]);
  assert.equal(held, said[0]);
  files.write("proc/meminfo", meminfo(7_340_032));
  await live(20_000);
  assert.notEqual(held, "");
  await live(20_000);
  assert.equal(held, "");
  assert.equal(said.length, 1);
});
