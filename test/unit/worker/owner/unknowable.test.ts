import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { detectorsFor } from "../../../../worker/owner/detectors/all-detectors.ts";
import { signNames } from "../../../../worker/owner/detectors/detector.ts";
import { type Rules, usualRules } from "../../../../worker/owner/rules.ts";
import { unknowable } from "../../../../worker/owner/unknowable.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { RecordedTree } from "../../../support/recorded-tree.ts";

const { files } = new RecordedTree({});

describe("a rule that the system cannot tell", () => {
  const refused = (rules: Partial<Rules>, platform: NodeJS.Platform, path = "/nowhere"): string | null =>
    unknowable({ ...usualRules, ...rules }, files, platform, path);
  const whenIdle = 300_000;

  test("a rule that the system cannot tell is refused: typed signs, shares of processor and memory, load", () => {
    for (const platform of ["darwin", "win32"] as const) {
      const system = platform === "darwin" ? "macOS" : "Windows";
      assert.equal(
        refused({ whenIdle, signs: ["desktop", "cpu"] }, platform),
        `signs: ${system} does not tell which programs use the processor; leave cpu out`,
      );
      assert.match(
        refused({ whenIdle, signs: ["gpu"] }, platform) ?? "",
        /^signs: nobody here tells .* a GPU; expected/,
      );
      assert.match(refused({ cpuShare: 0.5 }, platform) ?? "", /^cpu-share: only Linux tells .*; use slots/);
      assert.match(refused({ memory: 8e9 }, platform) ?? "", /^memory: only Linux tells/);
      assert.match(refused({ maxTemperature: 85 }, platform) ?? "", /^max-temperature: no sensor/);
    }
    assert.match(refused({ maxLoad: 1 }, "win32") ?? "", /^max-load: Windows/);
  });

  test("a rule is not refused where no sign is named, without an idle time, or where the tool is there", () => {
    for (const platform of ["darwin", "win32"] as const) {
      assert.equal(refused({ whenIdle }, platform), null);
      assert.equal(refused({ signs: ["cpu"] }, platform), null);
      assert.equal(refused({ whenIdle, signs: ["terminals", "desktop"] }, platform), null);
    }
    assert.equal(refused({ maxLoad: 1 }, "darwin"), null);
    assert.equal(refused({ whenIdle, signs: [...signNames], cpuShare: 0.5, memory: 8e9, maxLoad: 1 }, "linux"), null);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "nvidia-smi"), "");
    chmodSync(join(folder, "nvidia-smi"), 0o755);
    assert.equal(refused({ whenIdle, signs: ["gpu"] }, "darwin", folder), null);
  });
});

test("each system has its detectors, and on none of them is a gauge taken for a sign", () => {
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const ports = { clock, log: silentLog, own: { pids: () => [] }, runs: () => 0, files };
  const names = (wanted: Partial<Parameters<typeof detectorsFor>[0]>, platform: NodeJS.Platform): string[] =>
    detectorsFor({ signs: [], load: false, power: false, temperature: false, ...wanted }, ports, platform).map(
      ({ name }) => name,
    );
  assert.deepEqual(names({ signs: ["terminals", "desktop", "cpu"] }, "darwin"), ["desktop"]);
  assert.deepEqual(names({ signs: ["cpu"] }, "darwin"), []);
  assert.deepEqual(names({ load: true, power: true }, "darwin"), ["load", "power"]);
  assert.deepEqual(names({ signs: ["terminals", "desktop", "cpu"] }, "win32"), ["desktop"]);
  assert.deepEqual(names({ signs: ["cpu"] }, "win32"), []);
  assert.deepEqual(names({ power: true }, "win32"), ["desktop"]);
  assert.deepEqual(names({ signs: ["cpu"] }, "linux"), ["cpu"]);
  assert.deepEqual(names({ power: true, temperature: true }, "linux"), ["power", "temperature"]);
});
