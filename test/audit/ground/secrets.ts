import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { filesBelow } from "../../support/living-tree.ts";
import type { Ground } from "./ground.ts";

/** Words that may be worth something to a thief: passwords, codes, seeds, keys. */
const longWord = /[A-Za-z0-9_\-+/]{20,}/g;
/** Whether the word is public, such as a public key, or only looks like a secret. */
const isPublic = (word: string): boolean =>
  /^(U[A-Z2-7]{55}|[a-z-]+|nats-route.*|-+)$/.test(word) || word.includes("/") || word === ofNothing;
/** The digest of a journal that was empty when its first record was sealed, and of every empty file. */
const ofNothing = createHash("sha256").digest("hex");

/** Every secret of the ground by name. None may appear anywhere but in its own file. */
export function secretsOf(ground: Ground): Map<string, string> {
  const known = ground.notes.get("secrets") as Map<string, string> | undefined;
  if (known) return known;
  const found = new Map<string, string>();
  const take = (file: string, name: string): void => {
    if (!existsSync(file) || !statSync(file).isFile() || statSync(file).size > 100_000) return;
    const words = (readFileSync(file, "utf8").match(longWord) ?? []).filter((word) => !isPublic(word));
    for (const [i, word] of words.entries()) found.set(`${name} (${i + 1})`, word);
  };
  for (const name of readdirSync(ground.paths.secrets)) {
    if (name.endsWith(".json")) take(join(ground.paths.secrets, name), `secrets/${name}`);
  }
  const workers = join(ground.folder, "state", "nexus", "workers");
  for (const file of filesBelow(workers)) {
    if (file.endsWith("identity.json")) take(file, `the key of ${relative(workers, file)}`);
  }
  found.set("the join code", parseJoinLine(ground.joinLine).code);
  ground.notes.set("secrets", found);
  return found;
}
