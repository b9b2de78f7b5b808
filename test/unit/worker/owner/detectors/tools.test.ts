import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Now } from "../../../../../worker/owner/detectors/detector.ts";
import { GpuUse } from "../../../../../worker/owner/detectors/gpu-use.ts";
import { hidIdleMs, macIdle, macPower } from "../../../../../worker/owner/detectors/mac.ts";
import { type StartTool, startTool } from "../../../../../worker/owner/detectors/tool-lines.ts";
import { WindowsDesktop } from "../../../../../worker/owner/detectors/windows.ts";
import { eventually } from "../../../../support/patience.ts";

/** Tools. The test writes the lines that they print. */
class Tools {
  readonly started: string[] = [];
  readonly warnings: string[] = [];
  readonly log = { warn: (text: unknown) => this.warnings.push(String(text)) };
  say: (line: string) => void = () => assert.fail("no tool was started");
  end: (why: string) => void = () => assert.fail("no tool was started");
  stopped = 0;
  readonly running = { isGone: true, stop: () => (this.stopped += 1) };
  readonly start: StartTool = ({ command, words }, heard, ended) => {
    this.started.push([command, ...words].join(" "));
    this.say = heard;
    this.end = ended;
    return this.running;
  };
}

const at = (ms: number): Now => ({ wall: 0, monotonic: ms });

describe("GPUs in use by others", () => {
  // As nvidia-smi pmon -s u prints it.
  const lines = [
    "# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command ",
    "# Idx           #    C/G      %      %      %      %      %      %    name ",
    "    0          -     -      -      -      -      -      -      -    -              ",
    "    0       1702     G      3      1      -      -      -      -    gnome-shell    ",
    "    0       4711     C      -      -      -      -      -      -    jupyter        ",
    "    1        900     C     97     60      -      -      -      -    python         ",
  ];

  test("nvidia-smi shows GPUs in use by others; ours, idle ones and what draws a clock do not count", () => {
    const tools = new Tools();
    const gpu = new GpuUse(tools.start, { pids: () => [1, 900] }, tools.log);
    gpu.look(at(0));
    for (const line of lines) tools.say(line);
    assert.deepEqual(gpu.look(at(1000)), {});
    tools.say("    1       5000     C     55     30      -      -      -      -    blender        ");
    assert.deepEqual(gpu.look(at(2000)).use, { at: 1000, what: "another program uses GPU 1: blender" });
    assert.deepEqual(tools.started, ["nvidia-smi pmon -s u -d 3"]);
    gpu.close();
    assert.equal(tools.stopped, 1);
  });

  test("a program that uses a GPU is named shortly, whatever its owner calls it", () => {
    const tools = new Tools();
    const gpu = new GpuUse(tools.start, { pids: () => [] }, tools.log);
    gpu.look(at(0));
    tools.say(`    1       5000     C     55     30      -      -      -      -    ${"x".repeat(5000)}`);
    assert.equal(gpu.look(at(1)).use?.what, `another program uses GPU 1: ${"x".repeat(60)}`);
  });

  const mayUse = (ms: number) => ({ use: { at: ms, what: "another program may use a GPU" } });

  test("others may use a GPU while nvidia-smi does not tell: before its first line, and until it is back", () => {
    const tools = new Tools();
    const gpu = new GpuUse(tools.start, { pids: () => [] }, tools.log);
    assert.deepEqual(gpu.look(at(0)), mayUse(0));
    tools.say("# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command ");
    assert.deepEqual(gpu.look(at(1000)), mayUse(1000), "a heading tells nothing");
    tools.say(lines[2] ?? "");
    assert.deepEqual(gpu.look(at(2000)), {}, "who waited for its first line was not there");
    tools.end("nvidia-smi ended (3)");
    assert.deepEqual(gpu.look(at(3000)), mayUse(3000));
    assert.deepEqual(gpu.look(at(61_000)), mayUse(61_000));
    assert.equal(tools.started.length, 1);
    assert.deepEqual(gpu.look(at(62_000)), mayUse(62_000));
    assert.equal(tools.started.length, 2, "a minute later it is started again");
    tools.say("Failed to initialize NVML: Driver/library version mismatch");
    tools.end("nvidia-smi ended (18)");
    assert.deepEqual(tools.warnings, [
      "nobody tells which programs use a GPU: nvidia-smi ended (3); it is started again every minute",
    ]);
    gpu.look(at(122_000));
    tools.say(lines[2] ?? "");
    assert.deepEqual(gpu.look(at(123_000)), mayUse(122_000), "what was done meanwhile nobody tells later");
    tools.end("nvidia-smi ended (3)");
    assert.equal(tools.warnings.length, 2, "each time that it stops to tell");
  });

  test("others may use a GPU while nvidia-smi says nothing; another one is started once it is gone", () => {
    const tools = new Tools();
    const gpu = new GpuUse(tools.start, { pids: () => [] }, tools.log);
    gpu.look(at(0));
    tools.say(lines[2] ?? "");
    assert.deepEqual(gpu.look(at(299_999)), {});
    assert.deepEqual(gpu.look(at(300_000)), mayUse(300_000));
    assert.deepEqual(gpu.look(at(359_999)), mayUse(359_999));
    assert.deepEqual([tools.stopped, tools.started.length], [0, 1]);
    tools.running.isGone = false;
    for (const ms of [360_000, 500_000]) {
      assert.deepEqual(gpu.look(at(ms)), mayUse(ms));
      assert.deepEqual([tools.stopped, tools.started.length], [1, 1], "one that hangs in its driver is still there");
    }
    tools.running.isGone = true;
    assert.deepEqual(gpu.look(at(501_000)), mayUse(501_000));
    assert.equal(tools.started.length, 2);
    tools.say(lines[2] ?? "");
    assert.deepEqual(gpu.look(at(502_000)), mayUse(501_000));
  });

  test("others cannot use a GPU where there is none, or no driver for it", () => {
    for (const line of [
      "No devices were found",
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that it is installed.",
    ]) {
      const tools = new Tools();
      const gpu = new GpuUse(tools.start, { pids: () => [] }, tools.log);
      gpu.look(at(0));
      tools.say(line);
      tools.end("nvidia-smi ended (6)");
      assert.deepEqual(gpu.look(at(1000)), {});
      gpu.look(at(61_000));
      tools.say("    1       5000     C     55     30      -      -      -      -    blender        ");
      assert.equal(gpu.look(at(62_000)).use?.at, 61_000, "it has come");
    }
  });
});

describe("a Mac", () => {
  const ioreg = `+-o IOHIDSystem  <class IOHIDSystem, id 0x100000275, registered, matched, active, busy 0 (0 retain), last busy 0>
    {
      "HIDIdleTime" = 68130403958
    }
`;
  const battery = `Now drawing from 'Battery Power'
 -InternalBattery-0 (id=1234567)	87%; discharging; 4:12 remaining present: true`;

  test("a Mac says how long nobody has touched it", async () => {
    assert.equal(hidIdleMs(ioreg), 68_130.403958);
    assert.equal(hidIdleMs("nothing"), undefined);
    const asked: string[] = [];
    const answer = async (command: string, words: readonly string[]): Promise<string> => {
      asked.push(command);
      assert.ok(words.includes("IOHIDSystem"));
      return ioreg;
    };
    const idle = macIdle(answer, () => at(100_000), { warn: () => assert.fail() });
    const first = idle.look(at(100_000)).use;
    assert.deepEqual(first, { at: 100_000, what: "somebody may use its desktop" }, "nobody has told yet");
    await eventually("it is answered", () => Math.round(idle.look(at(100_000)).use?.at ?? 0) === 31_870);
    assert.ok(asked.length >= 1);
  });

  test("a Mac says whether it has mains power", async () => {
    let answer = "Now drawing from 'AC Power'\n";
    const power = macPower(async () => answer, { warn: () => assert.fail() });
    await eventually("it is answered", () => power.look(at(0)).onBattery === false);
    answer = battery;
    await eventually("it is answered anew", () => power.look(at(0)).onBattery === true);
  });

  test("a Mac counts as used while ioreg fails, also after it has answered; it is asked again every minute", async () => {
    const warnings: unknown[] = [];
    const log = { warn: (text: unknown) => warnings.push(text) };
    let asked = 0;
    let answer: string | Error = ioreg;
    const tool = async (): Promise<string> => {
      asked += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    let ms = 100_000;
    const idle = macIdle(tool, () => at(ms), log);
    const look = () => idle.look(at(ms)).use;
    await eventually("it is answered", () => Math.round(look()?.at ?? 0) === 31_870);
    answer = new Error("ioreg timed out");
    const used = { at: ms, what: "somebody may use its desktop" };
    await eventually("it counts as used", () => look()?.what === used.what);
    assert.deepEqual(look(), used);
    const before = asked;
    ms += 59_000;
    assert.deepEqual(look(), { ...used, at: ms });
    assert.equal(asked, before);
    ms += 1000;
    look();
    assert.equal(asked, before + 1);
    answer = "nothing of the kind";
    await eventually("it fails in another way", () => {
      ms += 60_000;
      return look()?.what === used.what && asked >= before + 3;
    });
    assert.deepEqual(warnings, ["desktop: Error: ioreg timed out; it is asked again every minute"]);
    answer = ioreg;
    await eventually("it answers again", () => {
      ms += 60_000;
      return look()?.what === "somebody uses its keyboard or pointer";
    });
  });

  test("a Mac may have no mains power while pmset does not tell", async () => {
    let answer = "Now drawing from 'AC Power'\n";
    const warnings: unknown[] = [];
    const power = macPower(async () => answer, { warn: (text: unknown) => warnings.push(text) });
    assert.deepEqual(power.look(at(0)), { onBattery: null });
    await eventually("it is answered", () => power.look(at(0)).onBattery === false);
    answer = "";
    await eventually("it tells nothing", () => power.look(at(0)).onBattery === null);
    assert.deepEqual(warnings, ["power: Error: pmset tells no power source; it is asked again every minute"]);
  });

  test("a Mac's tool that fails is logged once", async () => {
    const warnings: unknown[] = [];
    let asked = 0;
    const failing = async (): Promise<string> => {
      asked += 1;
      throw new Error("no such tool");
    };
    const idle = macIdle(failing, () => at(0), { warn: (text: unknown) => warnings.push(text) });
    let ms = 0;
    await eventually("it is asked three times", () => {
      ms += 60_000;
      assert.equal(idle.look(at(ms)).use?.at, ms);
      return asked >= 3;
    });
    assert.deepEqual(warnings, ["desktop: Error: no such tool; it is asked again every minute"]);
  });
});

describe("a Windows desktop", () => {
  const mayUse = (ms: number) => ({ use: { at: ms, what: "somebody may use its desktop" }, onBattery: null });

  test("a Windows desktop tells through one PowerShell of its last use and its mains power", () => {
    const tools = new Tools();
    const desktop = new WindowsDesktop(tools.start, tools.log);
    assert.deepEqual(desktop.look(at(10_000)), mayUse(10_000));
    assert.match(tools.started[0] ?? "", /^powershell\.exe -NoProfile -NonInteractive -EncodedCommand [\w+/=]+$/);
    tools.say("idle 4000 power Online\r");
    assert.deepEqual(desktop.look(at(10_250)), {
      use: { at: 6000, what: "somebody uses its keyboard or mouse" },
      onBattery: false,
    });
    tools.say("a warning of PowerShell");
    tools.say("idle 16 power Offline");
    const { use, onBattery } = desktop.look(at(11_000));
    assert.deepEqual([use?.at, onBattery], [10_234, true]);
    assert.equal(tools.started.length, 1);
  });

  test("a Windows desktop counts as used from PowerShell's end until another one, a minute later, tells", () => {
    const tools = new Tools();
    const desktop = new WindowsDesktop(tools.start, tools.log);
    desktop.look(at(0));
    tools.say("idle 600000 power Online");
    assert.equal(desktop.look(at(250)).use?.at, -600_000);
    tools.end("powershell.exe ended (1)");
    assert.deepEqual(desktop.look(at(500)), mayUse(500));
    assert.deepEqual(desktop.look(at(60_249)), mayUse(60_249));
    assert.equal(tools.started.length, 1);
    assert.deepEqual(desktop.look(at(60_250)), mayUse(60_250));
    assert.equal(tools.started.length, 2);
    tools.end("powershell.exe cannot be started: ENOENT");
    assert.deepEqual(tools.warnings, [
      "nobody tells whether this desktop is used: powershell.exe ended (1); it is started again every minute",
    ]);
    desktop.look(at(120_250));
    tools.say("idle 720000 power Online");
    assert.deepEqual(desktop.look(at(120_500)), {
      use: { at: -599_750, what: "somebody uses its keyboard or mouse" },
      onBattery: false,
    });
  });

  test("a Windows desktop whose idle time Windows does not tell counts as used, as if all were silent", () => {
    const tools = new Tools();
    const desktop = new WindowsDesktop(tools.start, tools.log);
    assert.deepEqual(desktop.look(at(0)), mayUse(0));
    const script = Buffer.from(tools.started[0]?.split(" ").at(-1) ?? "", "base64").toString("utf16le");
    assert.match(script, /GetLastInputInfo\(ref info\) \? .+ : -1L;/);
    tools.say("idle 600000 power Online");
    for (let ms = 1000; ms <= 5000; ms += 1000) {
      tools.say("idle -1 power Online");
      assert.equal(desktop.look(at(ms)).use?.at, ms < 5000 ? -600_000 : 5000);
    }
  });

  test("a Windows desktop counts as used while PowerShell says nothing, which is ended after a minute", () => {
    const tools = new Tools();
    const desktop = new WindowsDesktop(tools.start, tools.log);
    desktop.look(at(0));
    tools.say("idle 600000 power Online");
    assert.equal(desktop.look(at(4999)).use?.at, -600_000);
    assert.deepEqual(desktop.look(at(5000)), mayUse(5000));
    assert.deepEqual(desktop.look(at(64_999)), mayUse(64_999));
    assert.deepEqual([tools.stopped, tools.started.length], [0, 1]);
    assert.deepEqual(desktop.look(at(65_000)), mayUse(65_000));
    assert.deepEqual([tools.stopped, tools.started.length], [1, 2]);
  });
});

describe("a tool", () => {
  test("a tool that looks for signs is heard line by line until it ends", async () => {
    const heard: string[] = [];
    const ended: string[] = [];
    startTool(
      { command: "/bin/sh", words: ["-c", "echo one; echo two; exit 3"] },
      (line) => heard.push(line),
      (why) => ended.push(why),
    );
    await eventually("it has ended", () => ended.length > 0 && heard.length === 2);
    assert.deepEqual([heard, ended], [["one", "two"], ["/bin/sh ended (3)"]]);
  });

  test("a tool that is not there is told, and the end of one that is stopped is not", async () => {
    const ended: string[] = [];
    startTool(
      { command: "/nowhere/tool", words: [] },
      () => undefined,
      (why) => ended.push(why),
    );
    const stopped = startTool(
      { command: "/bin/sleep", words: ["1000"] },
      () => undefined,
      () => assert.fail(),
    );
    stopped.stop();
    await eventually("it is told", () => ended.length > 0);
    assert.match(ended[0] ?? "", /^\/nowhere\/tool cannot be started: .*ENOENT/);
  });
});

test("a tool that stands still is gone after it was stopped, and before that is not", async () => {
  const heard: string[] = [];
  const tool = startTool(
    { command: "/bin/sh", words: ["-c", "echo one; kill -STOP $$; sleep 1000"] },
    (line) => heard.push(line),
    () => assert.fail(),
  );
  await eventually("it has begun", () => heard.length > 0);
  assert.equal(tool.isGone, false);
  tool.stop();
  await eventually("it is gone", () => tool.isGone);
});

test("a tool that prints a line without end is ended, and what it printed before was heard", async () => {
  const heard: string[] = [];
  const ends: string[] = [];
  const script = "process.stdout.write('one\\r\\ntwo\\n'); for (;;) process.stdout.write('x'.repeat(60000));";
  startTool(
    { command: process.execPath, words: ["-e", script] },
    (line) => void heard.push(line),
    (why) => void ends.push(why),
  );
  await eventually("it is ended", () => ends.length > 0);
  assert.deepEqual([heard, ends], [["one", "two"], [`${process.execPath} prints a line without end`]]);
});
