import { readFileSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/machine/shell-word.ts";
import { ownerFirstRules, type Rules, usualRules, whenRules } from "./rules.ts";
import { readRulesText } from "./rules-file.ts";

/** `$XDG_CONFIG_HOME/nexus/worker.yaml`; the variable counts only if it is absolute, as its specification demands. */
export function rulesPath(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: config = "" } = env;
  return join(isAbsolute(config) ? config : join(homedir(), ".config"), "nexus", "worker.yaml");
}

/** The rules that were typed as flags. */
export type TypedRules = Partial<Rules> & {
  /** Lend only while nobody uses the machine, unless a flag or worker.yaml says when. */
  readonly ownerFirst?: boolean;
};

/** The owner's rules: typed flags take precedence over worker.yaml, which is read again whenever it changes. */
export class RulesSource {
  readonly path: string;
  readonly #typed: Partial<Rules>;
  readonly #weakest: Partial<Rules>;
  /** Says which of these rules this machine cannot keep; null: it can keep all. */
  readonly #check: (rules: Rules) => string | null;
  #seen = "";

  constructor(path: string, { ownerFirst = false, ...typed }: TypedRules, check: (rules: Rules) => string | null) {
    this.path = path;
    this.#typed = typed;
    this.#weakest = ownerFirst ? ownerFirstRules : {};
    this.#check = check;
  }

  /** @throws UsageError if the file cannot be used, or if this machine cannot keep a rule */
  read(): Rules {
    this.#seen = this.#state();
    const read = this.#rules("nothing was started");
    if ("problem" in read) throw new UsageError(read.problem);
    return read.rules;
  }

  /** The rules if the file has changed, else undefined. A file that cannot be used is reported once for each change. */
  poll(): { readonly rules: Rules } | { readonly problem: string } | undefined {
    const state = this.#state();
    if (state === this.#seen) return undefined;
    this.#seen = state;
    return this.#rules("the rules stay as they were");
  }

  #rules(tail: string): { readonly rules: Rules } | { readonly problem: string } {
    const file = this.#file(tail);
    if ("problem" in file) return file;
    const given = { ...file.given, ...this.#typed };
    const saysWhen = whenRules.some((rule) => given[rule] !== undefined);
    const rules = { ...usualRules, ...(saysWhen ? {} : this.#weakest), ...given };
    const problem = this.#check(rules);
    return problem === null ? { rules } : { problem };
  }

  #file(tail: string): { readonly given: Partial<Rules> } | { readonly problem: string } {
    try {
      const stat = this.#stat();
      if (!stat) return { given: {} };
      const refused = refusal(this.path, stat);
      if (refused !== null) return { problem: `${refused}\n${tail}` };
      const read = readRulesText(this.path, readFileSync(this.path, "utf8"), tail);
      return read.ok ? { given: read.given } : { problem: read.problems };
    } catch (error) {
      return { problem: `cannot read ${this.path}: ${messageOf(error)}\n${tail}` };
    }
  }

  #stat(): Stats | undefined {
    return statSync(this.path, { throwIfNoEntry: false });
  }

  /** Differs whenever the file does. */
  #state(): string {
    try {
      const stat = this.#stat();
      return stat ? [stat.ino, stat.size, stat.ctimeMs, stat.mode, stat.uid].join(" ") : "none";
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** Whoever may write to this file decides what this machine does. */
function refusal(path: string, { uid, mode }: Stats): string | null {
  const self = process.getuid?.();
  if (self === undefined) return null; // Windows: the profile's folder has its own rights.
  if (uid !== self)
    return `${path} belongs to the user with the number ${uid}: expected your own file\n  type:  sudo chown ${self} ${shellWord(path)}`;
  if ((mode & 0o022) !== 0)
    return `${path} may be changed by others: expected that only you may write to it\n  type:  chmod go-w ${shellWord(path)}`;
  return null;
}
