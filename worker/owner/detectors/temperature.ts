import { type Detector, type Found, newOrLast } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

/** Drivers of sensors in processors, as they name themselves below /sys/class/hwmon. */
const drivers = /^(coretemp|k10temp|zenpower|cpu_thermal|.*cpu.*)$/i;
/** Zones of /sys/class/thermal with the processor in them; the last ones only if there is no better one. */
const zones = [/^x86_pkg_temp$|cpu|^TCPU$|^soc|core/i, /^acpitz$/];

/** How hot the processor is: the hottest of its sensors. Discs, radios and batteries do not count. */
export class Temperature implements Detector {
  readonly name = "temperature";
  readonly everyMs = 2000;
  readonly #files: SystemFiles;
  #sensors: readonly string[] | undefined;
  #found: Found = {};

  constructor(files: SystemFiles) {
    this.#files = files;
  }

  look(): Found {
    this.#sensors ??= this.#find();
    // In thousandths of a degree. Broken sensors say 0 or less, or as much as they can.
    const read = this.#sensors.map((path) => (this.#files.number(path) ?? 0) / 1000);
    const plausible = read.filter((celsius) => celsius > 0 && celsius < 150);
    this.#found = newOrLast(this.#found, plausible.length === 0 ? {} : { temperature: Math.max(...plausible) });
    return this.#found;
  }

  close(): void {}

  #find(): string[] {
    const monitors = this.#files.names("/sys/class/hwmon").flatMap((name) => {
      const folder = `/sys/class/hwmon/${name}`;
      if (!drivers.test(this.#files.text(`${folder}/name`) ?? "")) return [];
      return this.#files.names(folder).flatMap((file) => (/^temp\d+_input$/.test(file) ? [`${folder}/${file}`] : []));
    });
    if (monitors.length > 0) return monitors;
    const named = this.#files.names("/sys/class/thermal").filter((name) => name.startsWith("thermal_zone"));
    const typed = named.map((name) => ({ path: `/sys/class/thermal/${name}`, type: this.#typeOf(name) }));
    for (const pattern of zones) {
      const found = typed.filter(({ type }) => pattern.test(type));
      if (found.length > 0) return found.map(({ path }) => `${path}/temp`);
    }
    return [];
  }

  #typeOf(zone: string): string {
    return this.#files.text(`/sys/class/thermal/${zone}/type`) ?? "";
  }
}
