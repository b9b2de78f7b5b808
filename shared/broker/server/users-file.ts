/**
 * The file with the users of workers and invitations, `secrets/workers.conf`. One bad entry makes nats-server refuse
 * the whole file, and then it does not even start. So an entry of which it complains is left out, and the last file
 * that it took is kept beside.
 */

import { readIfThere, writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { workersConfiguration } from "../access/accounts.ts";

/** Entries left out, one after the other, before the whole file is given up. */
export const mostLeftOut = 20;

const acceptedFile = (paths: WorkspacePaths): string => `${paths.workersConfiguration}.accepted`;

/** Called when the server has read the file. */
export function keepAccepted(paths: WorkspacePaths): void {
  const text = readIfThere(paths.workersConfiguration);
  if (text !== undefined && text !== acceptedText(paths)) writeSecretFile(acceptedFile(paths), text);
}

/** The last file that a server took. */
export const acceptedText = (paths: WorkspacePaths): string | undefined => readIfThere(acceptedFile(paths));

/** Whether the file holds this text, and it is the last that a server took. */
export const isAccepted = (paths: WorkspacePaths, text: string): boolean =>
  text === readIfThere(paths.workersConfiguration) && text === acceptedText(paths);

/** Texts to start with instead of one that the server refused, the best first. */
export function substitutes(paths: WorkspacePaths): readonly { readonly text: string; readonly what: string }[] {
  const accepted = acceptedText(paths);
  const empty = workersConfiguration({ workers: [], invites: [] }, () => undefined);
  const last = accepted === undefined ? [] : [{ text: accepted, what: "the last list that it took is used" }];
  return [...last, { text: empty, what: "no worker is let in until a coordinator has written another" }];
}

/**
 * The file without the entry that the server complains of, and whose entry that was; undefined if the complaint names none.
 *
 * @param complaint  as nats-server words it: `workers.conf:5:71: Not a valid public nkey for a user`
 */
export function withoutRefused(
  text: string,
  complaint: string,
): { readonly text: string; readonly whose: string } | undefined {
  const lines = text.split("\n");
  const isEntry = (line = ""): boolean => /^\s*\{ nkey: /.test(line);
  const quoted = [...complaint.matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word);
  let at = lines.findLastIndex((line) => isEntry(line) && quoted.some((word) => line.includes(word)));
  if (at < 0) at = Number(/:(\d+):\d+: /.exec(complaint)?.[1] ?? 0) - 1;
  const line = lines[at];
  if (line === undefined || !isEntry(line)) return undefined;
  const [, kind = "", id = "?"] = /"(ask|enrol)\.([^"]*)"/.exec(line) ?? [];
  return { text: lines.toSpliced(at, 1).join("\n"), whose: kind === "enrol" ? `invitation ${id}` : `worker ${id}` };
}
