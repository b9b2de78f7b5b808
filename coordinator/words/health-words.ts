import type { Differs } from "../../shared/domain/health/differing.ts";
import type { MachineHealth } from "../../shared/domain/health/machine-health.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import type { WorkerStatus } from "../../shared/wire/messages.ts";

/** Bytes. With less than this free where its runs write, runs that keep files will fail soon. */
const littleDisk = 1e9;

/** `worse by 1.2 sd`: sd, the standard deviation between two runs of one configuration. */
export const differsText = ({ shift }: Differs): string =>
  `${shift < 0 ? "worse" : "better"} by ${Math.abs(shift).toFixed(1)} sd`;

/** What a person should know of a worker's machine, and can type; none if it is well. */
export function healthWarnings(
  worker: string,
  {
    health,
    presence,
    flags,
  }: {
    readonly health: MachineHealth | undefined;
    readonly presence: WorkerStatus | undefined;
    readonly flags: string;
  },
): string[] {
  const warnings: string[] = [];
  if (health?.differs) warnings.push(differsWarning(worker, health.differs, flags));
  const free = presence?.diskFree ?? Number.POSITIVE_INFINITY;
  if (free < littleDisk) warnings.push(`${worker} has ${sizeText(free)} of disk left where its runs write`);
  return warnings;
}

function differsWarning(worker: string, differs: Differs, flags: string): string {
  return (
    `${differsLine(worker, differs)}\n` +
    `  compare its libraries and its hardware; to give it no more runs: nexus pause ${worker}${flags}\n` +
    `  to take back what it sent: nexus reject --worker ${worker}${flags}`
  );
}

/** The same in one line, without what to type. */
export function differsLine(worker: string, { shift, chance, runs, only }: Differs): string {
  const size = `${Math.abs(shift).toFixed(1)} times the standard deviation between runs of one configuration`;
  const odds = `1 in ${Math.round(1 / Math.max(chance, 1e-9)).toLocaleString("en")}`;
  const which = only === null ? "" : "; only a third worker can show which of the two is wrong";
  return (
    `${worker}: its results are ${shift < 0 ? "worse" : "better"} than those of ${only ?? "other workers"} with the same settings, ` +
    `by ${size} (${runs} runs, chance ${odds})${which}`
  );
}
