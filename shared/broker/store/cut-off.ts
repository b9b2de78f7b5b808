import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JournalCorruptError } from "../../errors.ts";
import { shellWord } from "../../machine/shell-word.ts";
import { type WorkspacePaths, workspaceFlags } from "../../machine/workspace.ts";
import { streams } from "../../wire/subjects.ts";

/** A store was moved away to make room for another, which never came. Nothing is lost. */
export class ExchangeCutOffError extends JournalCorruptError {
  constructor(paths: WorkspacePaths, folder: string, damage: string) {
    const flags = workspaceFlags(paths.name);
    const parts = ["store", "secrets"].filter((part) => existsSync(join(folder, part)));
    const packed = newest(paths, /^move-.*\.nexus$/);
    const lines = [
      `${damage}: an exchange of it was cut off, and what was there is in ${folder}`,
      "  nothing was changed. To put it back:",
      ...parts.map((part) => `    ${putBack(paths, folder, part)}`),
      ...(packed === undefined
        ? []
        : [`    nexus${flags} move --cancel`, `  a packed copy of the workspace is in ${packed}`]),
      `  to put back a backup instead:  nexus${flags} restore FILE --replace`,
    ];
    super(lines.join("\n"));
  }
}

function putBack({ dir }: WorkspacePaths, folder: string, part: string): string {
  const [place, aside] = [shellWord(join(dir, part)), shellWord(join(folder, part))];
  return `rm -rf ${place} && mv ${aside} ${shellWord(dir)}`;
}

/**
 * The folder that has the store if its exchange was cut off, undefined otherwise. There is no journal in the store's place then, and
 * the mark in place is still that of the store in the folder.
 */
export function cutOffAt(paths: WorkspacePaths): string | undefined {
  const mark = textOf(paths.storeMark);
  if (mark === undefined || hasJournal(paths.store)) return undefined;
  const folder = newest(paths, /^(damaged|replaced|moved)-/);
  if (folder === undefined || !hasJournal(join(folder, "store"))) return undefined;
  // Cut off before the mark was copied, or after. By then the secrets are in the folder too: peers here are the next ones.
  const copied = textOf(join(folder, "store-mark.json"));
  return copied === undefined || (copied === mark && !existsSync(paths.peers)) ? folder : undefined;
}

/** Whether nats-server made the journal's stream in this store, in whatever account. */
function hasJournal(store: string): boolean {
  const accounts = join(store, "jetstream");
  if (!existsSync(accounts)) return false;
  return readdirSync(accounts).some((account) => existsSync(join(accounts, account, "streams", streams.journal)));
}

/** Names end in the time. */
function newest({ dir }: WorkspacePaths, name: RegExp): string | undefined {
  const timeOf = (each: string): string => each.slice(each.indexOf("-"));
  const found = readdirSync(dir).filter((each) => name.test(each));
  const last = found.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1)).at(-1);
  return last === undefined ? undefined : join(dir, last);
}

const textOf = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
