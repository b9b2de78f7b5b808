import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { readJsonFields, writeJsonFile } from "../../shared/machine/secret-file.ts";
import type { Lists } from "./lists/lists.ts";

/** A file of this person's screens on this machine, for all workspaces. */
export function screenFile(name: string, env: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const root =
    state && isAbsolute(state) ? state : join(home && isAbsolute(home) ? home : homedir(), ".local", "state");
  return join(root, "nexus", name);
}

/** The lists whose hidden columns are remembered, by their names in the file. Which Neighbourhood a job has is known only later. */
const remembered = (lists: Lists): [name: string, list: { readonly hidden: Set<string> }][] => [
  ["Jobs", lists.jobs],
  ["Standings", lists.standings],
  ["Runs", lists.runs],
  ["Workers", lists.workers],
  ["Neighbourhood", lists.neighbourhood],
  ["Prospects", lists.prospects],
  ["Events", lists.events],
];
/** More columns than any spec has. A longer list was not written by us. */
const mostNames = 1000;

/** Hides the columns that were hidden when the screen was last used. If the file is missing or damaged, all are shown. */
export function recallColumns(file: string, lists: Lists): void {
  let hidden: unknown;
  try {
    ({ hidden } = readJsonFields(file));
  } catch {
    return; // all columns are shown, as at the first start
  }
  for (const [name, list] of remembered(lists)) {
    const columns = field(hidden, name);
    if (!Array.isArray(columns) || columns.length > mostNames) continue;
    for (const column of columns) if (typeof column === "string") list.hidden.add(column);
  }
}

/** @throws Error if the file cannot be written */
export function keepColumns(file: string, lists: Lists): void {
  const hidden = Object.fromEntries(remembered(lists).map(([name, list]) => [name, [...list.hidden]]));
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeJsonFile(file, { hidden });
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
