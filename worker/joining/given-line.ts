import { readFileSync, statSync } from "node:fs";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { readSecret } from "../../shared/machine/hidden-input.ts";
import { shellWord } from "../../shared/machine/shell-word.ts";

/**
 * The join line that a person means by a word: `-` is standard input, where a terminal is asked and does not show it; `@FILE` a
 * file; anything else is the line itself. A file or a pipe may hold the whole command that `nexus-coord` prints.
 */
export async function lineFrom(word: string): Promise<string> {
  if (word === "-") return wordOf(await readSecret("the join line"), "standard input");
  if (!word.startsWith("@")) return word;
  const file = word.slice(1);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? "there is no such file" : `that file cannot be read (${messageOf(cause)})`;
    throw new UsageError(`@${file}: ${why}; expected one that holds the join line`, { cause });
  }
  const line = wordOf(text, file);
  if (process.platform !== "win32" && isForOthers(statSync(file), process.getuid?.()))
    process.stderr.write(
      `${file}: other users of this machine can read the join line in it; to end that: chmod 600 ${shellWord(file)}\n`,
    );
  return line;
}

/**
 * Whether others may read a file. A file of somebody else that we may read only by our group, such as a secret of
 * Kubernetes, is as private as it can be.
 */
export const isForOthers = ({ mode, uid }: { readonly mode: number; readonly uid: number }, own?: number): boolean =>
  (mode & 0o004) !== 0 || ((mode & 0o040) !== 0 && uid === own);

function wordOf(text: string, where: string): string {
  const line = text.split(/\s+/).find((word) => word.includes("://"));
  if (line !== undefined) return line;
  throw new UsageError(
    `${where}: there is no join line in it; expected tls://CODE@host:port/workspace#sha256=..., as nexus-coord prints it`,
  );
}
