import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../errors.ts";
import { readSecret } from "../../machine/hidden-input.ts";
import { fieldsOf } from "../../machine/secret-file.ts";
import { isSharedPeers, type SharedPeers } from "./peers.ts";

/** What a machine needs to become a peer: one line, as secret as the workspace's passwords. */
interface Invitation {
  readonly workspace: string;
  readonly peers: SharedPeers;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

const invitationPrefix = "nexus-peers:";

export function writeInvitation(invitation: Invitation): string {
  return invitationPrefix + Buffer.from(JSON.stringify(invitation)).toString("base64url");
}

/**
 * Reads what `--peers-join` was given: the name of a file that holds the line; `-` for standard input, for which a
 * terminal prompts without echo; or the line itself.
 *
 * @throws UsageError if there is no such line, or it is incomplete
 */
export async function readInvitation(given: string): Promise<Invitation> {
  const text = given.startsWith(invitationPrefix) ? given : await readLine(given);
  const expected = `expected the line that nexus peers invite prints, "${invitationPrefix}...", or a file that holds it`;
  const encoded = text.slice(invitationPrefix.length);
  const { workspace, peers, files } = fieldsOf(Buffer.from(encoded, "base64url").toString("utf8"));
  if (typeof workspace !== "string" || !isSharedPeers(peers) || !Array.isArray(files)) {
    throw new UsageError(`--peers-join: the line is incomplete or was changed; ${expected}`);
  }
  return { workspace, peers, files: files as Invitation["files"] };
}

async function readLine(file: string): Promise<string> {
  try {
    const text =
      file === "-" ? await readSecret("the line that nexus peers invite prints") : readFileSync(file, "utf8");
    const line = text.split(/\s+/).find((word) => word.startsWith(invitationPrefix));
    if (line !== undefined) return line;
  } catch (cause) {
    const why = messageOf(cause);
    throw new UsageError(
      `--peers-join ${file.slice(0, 60)}: neither an invitation ("${invitationPrefix}...") nor a file that can be read (${why})`,
      { cause },
    );
  }
  throw new UsageError(
    `--peers-join ${file}: no line there begins with ${invitationPrefix}; expected the line that nexus peers invite prints`,
  );
}
