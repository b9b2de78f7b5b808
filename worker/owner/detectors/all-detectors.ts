import { accessSync, constants } from "node:fs";
import { loadavg } from "node:os";
import { delimiter, join } from "node:path";
import type { Log } from "../../../shared/log.ts";
import type { Clock } from "../../../shared/ports.ts";
import { ConsoleKeys } from "./console-keys.ts";
import { Desktop } from "./desktop/desktop.ts";
import { openIdle } from "./desktop/open-idle.ts";
import type { Detector, OwnRuns, SignName } from "./detector.ts";
import { DrmUse } from "./drm-use.ts";
import { ForeignCpu } from "./foreign-cpu.ts";
import { GpuUse } from "./gpu-use.ts";
import { KernelCounts } from "./kernel-counts.ts";
import { askTool, macIdle, macPower } from "./mac.ts";
import { Power } from "./power.ts";
import { SystemFiles } from "./system-files.ts";
import { SystemLoad } from "./system-load.ts";
import { Temperature } from "./temperature.ts";
import { Terminals } from "./terminals.ts";
import { startTool } from "./tool-lines.ts";
import { WindowsDesktop } from "./windows.ts";

/** What has to be looked at. */
export interface Wanted {
  /** Signs that somebody uses the machine. */
  readonly signs: readonly SignName[];
  readonly load: boolean;
  readonly power: boolean;
  readonly temperature: boolean;
}

export interface DetectorPorts {
  readonly clock: Clock;
  readonly log: Pick<Log, "info" | "warn">;
  readonly own: OwnRuns;
  /** Runs in hand. */
  readonly runs: () => number;
  readonly files?: SystemFiles;
}

/**
 * Whether this system can detect a sign of use. Linux detects all; a GPU that it does not have gives no sign. Elsewhere
 * the keyboard stands for terminals, and nothing tells whose processor time it is.
 */
export const canTell = (sign: SignName, platform: NodeJS.Platform, path = process.env["PATH"]): boolean =>
  hasProc(platform) || (sign === "gpu" ? isInstalled("nvidia-smi", path) : sign !== "cpu");

const hasProc = (platform: NodeJS.Platform): boolean => platform !== "darwin" && platform !== "win32";

/** This system's detectors for what is wanted; a sign that it cannot detect gets none. */
export function detectorsFor(wanted: Wanted, ports: DetectorPorts, platform = process.platform): Detector[] {
  const has = (sign: SignName): boolean => wanted.signs.includes(sign);
  const { clock, log, own, runs, files = new SystemFiles() } = ports;
  const gpu = has("gpu") && isInstalled("nvidia-smi") ? [new GpuUse(startTool, own, log)] : [];
  if (!hasProc(platform)) {
    const desktop = has("desktop") || has("terminals");
    const now = () => ({ wall: clock.wall(), monotonic: clock.monotonic() });
    const load = wanted.load ? [new SystemLoad(() => loadavg()[0] ?? 0, runs)] : [];
    if (platform === "win32") return [...gpu, ...(desktop || wanted.power ? [new WindowsDesktop(startTool, log)] : [])];
    const power = wanted.power ? [macPower(askTool, log)] : [];
    return [...gpu, ...load, ...power, ...(desktop ? [macIdle(askTool, now, log)] : [])];
  }
  const counts = new KernelCounts(files);
  const open: ConstructorParameters<typeof Desktop>[1] = (session, onTouch) => openIdle(session, clock.wall, onTouch);
  return [
    ...(has("terminals") ? [new Terminals(files, own), new ConsoleKeys(files, counts)] : []),
    ...(has("desktop") ? [new Desktop(files, open, () => clock.monotonic(), log)] : []),
    ...(has("cpu") || wanted.load ? [new ForeignCpu(files, counts, own, { sign: has("cpu"), load: wanted.load })] : []),
    ...(wanted.power ? [new Power(files)] : []),
    ...(wanted.temperature ? [new Temperature(files)] : []),
    ...gpu,
    ...(has("gpu") && DrmUse.isThere(files) ? [new DrmUse(files, own)] : []),
  ];
}

function isInstalled(program: string, path = process.env["PATH"]): boolean {
  return (path ?? "").split(delimiter).some((folder) => {
    for (const name of [program, `${program}.exe`]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
      }
    }
    return false;
  });
}
