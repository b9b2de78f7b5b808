import { type Detector, type Found, newOrLast } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

const folder = "/sys/class/power_supply";

/** Whether a laptop has mains power. A machine without a battery always has; batteries of mice and phones do not count. */
export class Power implements Detector {
  readonly name = "power";
  readonly everyMs = 1000;
  readonly #files: SystemFiles;
  #found: Found = {};

  constructor(files: SystemFiles) {
    this.#files = files;
  }

  look(): Found {
    let isPlugged = false;
    let isDischarging = false;
    for (const name of this.#files.names(folder)) {
      const read = (field: string): string => this.#files.text(`${folder}/${name}/${field}`) ?? "";
      const type = read("type");
      // USB: a charger of that kind. A battery that is "Not charging" is full, or spares itself, on mains.
      if (type === "Mains" || type === "USB") isPlugged ||= read("online") === "1";
      if (type === "Battery" && read("scope") !== "Device") isDischarging ||= read("status") === "Discharging";
    }
    this.#found = newOrLast(this.#found, { onBattery: isDischarging && !isPlugged });
    return this.#found;
  }

  close(): void {}
}
