import { printable } from "../../../shared/domain/printable.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { duration } from "../duration.ts";

/** Why something is as it is, and what would change it: a line of `nexus why`, and the words of lists and screens. */
export interface Why {
  readonly kind: "job" | "worker" | "run";
  readonly name: string;
  /** Its word in lists and on screens. */
  readonly state: string;
  /** Wall clock since when it has been in this state; 0: not known here. */
  readonly since: number;
  readonly why: string;
  /** What would change it, in words; "" if the commands say it all. */
  readonly change: string;
  /** What to type, without the words that reach the workspace; any of them helps. */
  readonly commands: readonly string[];
  readonly weight: Weight;
}

/**
 * What it asks of a person, the most important first. stuck: nothing continues until somebody acts. sick: a machine does not work
 * as it should. waits: it will continue by itself, or was ordered so. idle: nothing is lost by it. runs; over.
 */
const weights = ["stuck", "sick", "waits", "idle", "runs", "over"] as const;
export type Weight = (typeof weights)[number];

const kinds: readonly Why["kind"][] = ["job", "worker", "run"];
const byName = new Intl.Collator("en", { numeric: true });

/** The most important first; if equally important, jobs before workers before runs. */
export const byWeight = (a: Why, b: Why): number =>
  weights.indexOf(a.weight) - weights.indexOf(b.weight) ||
  kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
  byName.compare(a.name, b.name);

/** `nothing: it runs`, `lends again after 5 min without a sign of use`, `to change it: nexus admit lab-1`. */
export function changeText({ change, commands }: Pick<Why, "change" | "commands">, flags: string): string {
  // A worker's own command is typed on its machine, where the line that it joins by names the workspace.
  const typed = commands.map((each) => (each.startsWith("nexus-worker") ? each : `${each}${flags}`)).join(" or ");
  if (typed === "") return change;
  return change === "" ? `to change it: ${typed}` : `${change}: ${typed}`;
}

/** `lab-1  owner active for 12s: somebody types at pts/3; lends again after 5 min without a sign of use`. */
export function whyLines(all: readonly Why[], { wall, flags }: { wall: number; flags: string }): string[] {
  const width = all.reduce((most, { name }) => Math.max(most, name.length), 0);
  return all.map((each) => {
    const { name, state, since, why } = each;
    const age = since > 0 && wall > since ? ` for ${duration(wall - since)}` : "";
    const said = [why, changeText(each, flags)].filter((part) => part !== "").join("; ");
    // "waiting for a worker" needs no "waiting: " before it.
    const head = age === "" && said.startsWith(`${state} `) ? "" : `${state}${age}: `;
    return printable(`${name.padEnd(width)}  ${head}${said}`).replace(/\s*\n\s*/g, " ");
  });
}

/** The notes about runs in progress while the rest of EV is reserved for results; otherwise none. */
export const heldBack = (status: Status | null): string[] =>
  status?.onlyResults
    ? [
        "reports and checkpoints wait until the store has room (nexus delete JOB, nexus purge worker NAME): the remaining space is reserved for results",
      ]
    : [];

/** `lab-1, lab-2 and 3 more`. */
export function fewOf(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
