import { ConsoleKeys } from "../../../worker/owner/detectors/console-keys.ts";
import { Desktop } from "../../../worker/owner/detectors/desktop/desktop.ts";
import type { Detector, Now } from "../../../worker/owner/detectors/detector.ts";
import { DrmUse } from "../../../worker/owner/detectors/drm-use.ts";
import { ForeignCpu } from "../../../worker/owner/detectors/foreign-cpu.ts";
import { GpuUse } from "../../../worker/owner/detectors/gpu-use.ts";
import { KernelCounts } from "../../../worker/owner/detectors/kernel-counts.ts";
import { macIdle, macPower } from "../../../worker/owner/detectors/mac.ts";
import { Power } from "../../../worker/owner/detectors/power.ts";
import { SystemLoad } from "../../../worker/owner/detectors/system-load.ts";
import { Temperature } from "../../../worker/owner/detectors/temperature.ts";
import { Terminals } from "../../../worker/owner/detectors/terminals.ts";
import type { StartTool } from "../../../worker/owner/detectors/tool-lines.ts";
import { WindowsDesktop } from "../../../worker/owner/detectors/windows.ts";
import { RecordedTree } from "../../support/recorded-tree.ts";

/** A machine with one detector, at rest until `show`. */
export interface DetectorRig {
  readonly detector: Detector;
  /** What the machine does by itself up to the next look. */
  pass?(): void;
  /** Makes the sign that the detector looks for; it stays. */
  show(): void;
  /** How many tools or connections the detector runs on its own. */
  running?(): number;
}

export interface DetectorImplementation {
  readonly name: string;
  /** @param now  the time of the next look, in both clocks */
  readonly start: (now: () => Now) => DetectorRig;
  /** The detector on a machine without what it looks for; left out if every machine has that. */
  readonly absent?: (now: () => Now) => Detector;
}

const log = { info: () => undefined, warn: () => undefined };
const own = { pids: () => [1] };
const nothing = new RecordedTree().files;

/** Tools of the system. The rig writes the lines that they print. */
class Tools {
  running = 0;
  say: (line: string) => void = () => undefined;
  readonly start: StartTool = (_, heard) => {
    this.running += 1;
    this.say = heard;
    return { isGone: true, stop: () => (this.running -= 1) };
  };
}

const pmon = (percent: string): string =>
  `    0       4711     C     ${percent}      1      -      -      -      -      python`;

function toolRig(make: (start: StartTool) => Detector, line: (isShown: boolean) => string): DetectorRig {
  const tools = new Tools();
  let isShown = false;
  return {
    detector: make(tools.start),
    pass: () => tools.say(line(isShown)),
    show: () => {
      isShown = true;
    },
    running: () => tools.running,
  };
}

function terminals(now: () => Now): DetectorRig {
  const tree = new RecordedTree({ "/dev/pts/3": "" });
  const key = (): void => tree.touch("/dev/pts/3", now().wall / 1000, 0);
  key();
  return { detector: new Terminals(tree.files, own), show: key };
}

function consoleKeys(): DetectorRig {
  const count = (keys: number): string => `cpu  1 2 3 4 5 6 7 0 0 0\nintr 999 35 ${keys} 7\nctxt 5`;
  const tree = new RecordedTree({ "/proc/interrupts": "  1:  10   IO-APIC   1-edge   i8042", "/proc/stat": count(10) });
  return {
    detector: new ConsoleKeys(tree.files, new KernelCounts(tree.files)),
    show: () => tree.write("/proc/stat", count(12)),
  };
}

const cpuOf = (tree: RecordedTree["files"]): Detector =>
  new ForeignCpu(tree, new KernelCounts(tree), own, { sign: true, load: true });

function foreignCpu(): DetectorRig {
  const tree = new RecordedTree({ "/proc/1/stat": "1 (worker) S 1 1 1 0 -1 0 0 0 0 0 7 7 0 0 20 0 1 0" });
  let [user, perLook] = [1000, 0];
  return {
    detector: cpuOf(tree.files),
    pass: () => {
      user += perLook;
      tree.write("/proc/stat", `cpu  ${user} 500 300 90 0 0 0 0 0 0\ncpu0 1`);
    },
    show: () => {
      perLook = 25;
    },
  };
}

function drmUse(): DetectorRig {
  const tree = new RecordedTree({ "/dev/dri/renderD128": "", "/proc/500/comm": "game" });
  tree.link("/proc/500/fd/9", "/dev/dri/renderD128");
  let [busyMs, perLook] = [0, 0];
  return {
    detector: new DrmUse(tree.files, own),
    pass: () => {
      busyMs += perLook;
      const text = `drm-driver:\tamdgpu\ndrm-client-id:\t12\ndrm-pdev:\t0000:0b:00.0\ndrm-engine-gfx:\t${busyMs * 1e6} ns`;
      tree.write("/proc/500/fdinfo/9", text);
    },
    show: () => {
      perLook = 500;
    },
  };
}

function power(): DetectorRig {
  const supply = "/sys/class/power_supply";
  const tree = new RecordedTree({
    [`${supply}/AC/type`]: "Mains",
    [`${supply}/AC/online`]: "1",
    [`${supply}/BAT0/type`]: "Battery",
    [`${supply}/BAT0/status`]: "Charging",
  });
  return {
    detector: new Power(tree.files),
    show: () => {
      tree.write(`${supply}/AC/online`, "0");
      tree.write(`${supply}/BAT0/status`, "Discharging");
    },
  };
}

function temperature(): DetectorRig {
  const sensor = "/sys/class/hwmon/hwmon3";
  const tree = new RecordedTree({ [`${sensor}/name`]: "coretemp", [`${sensor}/temp1_input`]: "41000" });
  return { detector: new Temperature(tree.files), show: () => tree.write(`${sensor}/temp1_input`, "81000") };
}

const desktopOf = (files: RecordedTree["files"], open: ConstructorParameters<typeof Desktop>[1], now: () => Now) =>
  new Desktop(files, open, () => now().monotonic, log);

function desktop(now: () => Now): DetectorRig {
  const session = "UID=1000\nACTIVE=1\nTYPE=wayland\nCLASS=user";
  const tree = new RecordedTree({ "/run/systemd/sessions/2": session });
  let [touchedAt, open] = [0, 0];
  const source = async () => {
    open += 1;
    const close = (): void => {
      open -= 1;
    };
    return { name: "GNOME", idleMs: async () => now().monotonic - touchedAt, close };
  };
  return {
    detector: desktopOf(tree.files, source, now),
    show: () => {
      touchedAt = now().monotonic;
    },
    running: () => open,
  };
}

function macDesktop(now: () => Now): DetectorRig {
  let touchedAt = 0;
  const ask = async (): Promise<string> => `"HIDIdleTime" = ${(now().monotonic - touchedAt) * 1e6}`;
  return {
    detector: macIdle(ask, now, log),
    show: () => {
      touchedAt = now().monotonic;
    },
  };
}

function macBattery(): DetectorRig {
  let source = "AC";
  return {
    detector: macPower(async () => `Now drawing from '${source} Power'`, log),
    show: () => {
      source = "Battery";
    },
  };
}

function windows(now: () => Now): DetectorRig {
  let touchedAt: number | undefined;
  return toolRig(
    (start) => new WindowsDesktop(start, log),
    (isShown) => {
      const { monotonic } = now();
      if (isShown) touchedAt ??= monotonic;
      return `idle ${monotonic - (touchedAt ?? 0)} power Online`;
    },
  );
}

function systemLoad(): DetectorRig {
  let mean = 1.5;
  return {
    detector: new SystemLoad(
      () => mean,
      () => 1,
    ),
    show: () => {
      mean = 3;
    },
  };
}

/** An nvidia-smi without a GPU. */
function gpuWithout(): Detector {
  return new GpuUse(
    (_, heard) => {
      heard("No devices were found");
      return { isGone: true, stop: () => undefined };
    },
    own,
    log,
  );
}

export const detectorImplementations: readonly DetectorImplementation[] = [
  { name: "terminals", start: terminals, absent: () => new Terminals(nothing, own) },
  { name: "built-in keys", start: consoleKeys, absent: () => new ConsoleKeys(nothing, new KernelCounts(nothing)) },
  { name: "the processor", start: foreignCpu, absent: () => cpuOf(nothing) },
  { name: "GPUs of AMD and Intel", start: drmUse, absent: () => new DrmUse(nothing, own) },
  {
    name: "GPUs of NVIDIA",
    start: () =>
      toolRig(
        (start) => new GpuUse(start, own, log),
        (isShown) => pmon(isShown ? "97" : "-"),
      ),
    absent: gpuWithout,
  },
  { name: "mains power", start: power, absent: () => new Power(nothing) },
  { name: "the temperature", start: temperature, absent: () => new Temperature(nothing) },
  {
    name: "desktops",
    start: desktop,
    absent: (now) => desktopOf(nothing, () => Promise.reject(new Error("no session")), now),
  },
  { name: "a Mac's desktop", start: macDesktop },
  { name: "a Mac's power", start: macBattery },
  { name: "a Windows desktop", start: windows },
  { name: "the system's load", start: systemLoad },
];
