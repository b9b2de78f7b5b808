import { canTell } from "./detectors/all-detectors.ts";
import type { SystemFiles } from "./detectors/system-files.ts";
import { Temperature } from "./detectors/temperature.ts";
import { type Rules, usualRules } from "./rules.ts";

/** A rule that this machine cannot keep, because it cannot tell what the rule depends on; null if there is none. */
export function unknowable(
  rules: Rules,
  files: SystemFiles,
  platform: NodeJS.Platform = process.platform,
  path = process.env["PATH"],
): string | null {
  const { maxTemperature, memory, cpuShare, maxLoad, whenIdle, signs } = rules;
  const isLinux = platform === "linux";
  if (maxTemperature !== null && (!isLinux || new Temperature(files).look().temperature === undefined))
    return "max-temperature: no sensor of this machine tells how hot its processor is; expected one below /sys/class/hwmon or\n  /sys/class/thermal; leave the rule out";
  if (memory !== null && !isLinux) return "memory: only Linux tells how much all runs take; leave the rule out";
  if (cpuShare !== null && !isLinux)
    return "cpu-share: only Linux tells how much of the processor all runs take; use slots, for fewer runs at once";
  if (maxLoad !== null && platform === "win32")
    return "max-load: Windows does not tell its load; leave the rule out, or use when-idle";
  // Default signs that cannot be detected here are no problem: they do not count.
  const untold =
    whenIdle === null || signs === usualRules.signs ? [] : signs.filter((sign) => !canTell(sign, platform, path));
  if (untold.includes("cpu"))
    return `signs: ${platform === "win32" ? "Windows" : "macOS"} does not tell which programs use the processor; leave cpu out`;
  if (untold.includes("gpu"))
    return "signs: nobody here tells which programs use a GPU; expected nvidia-smi in PATH; leave gpu out";
  return null;
}
