import { sealBytes } from "./seals/seals.ts";
import { withField, withoutField } from "./seals/trailing-field.ts";
import { leaderKey, snapshotKey } from "./subjects.ts";

/** A way to add a seal to an entry, so that a program that does not know seals reads the entry as before. */
interface Form {
  add(value: Uint8Array, seal: Uint8Array): Uint8Array;
  /** Splits value and seal; undefined if there is no seal. */
  split(stored: Uint8Array): SplitEntry | undefined;
}

interface SplitEntry {
  readonly value: Uint8Array;
  readonly seal: Uint8Array;
}

const field = "seal";

const asField: Form = {
  add: (value, seal) => withField(value, field, seal),
  split: (stored) => {
    const found = withoutField(stored, field, sealBytes);
    return found && { value: found.rest, seal: found.value };
  },
};

/** For a JSON object with at least one field. */
const asJsonField: Form = {
  add: (value, seal) => {
    const text = Buffer.from(value).toString("utf8");
    return Buffer.from(`${text.slice(0, -1)},"${field}":"${Buffer.from(seal).toString("base64url")}"}`);
  },
  split: (stored) => {
    const text = Buffer.from(stored).toString("utf8");
    const [whole, seal = ""] = /,"seal":"([\w-]{43})"\}$/.exec(text) ?? [];
    if (whole === undefined) return undefined;
    return { value: Buffer.from(`${text.slice(0, -whole.length)}}`), seal: Buffer.from(seal, "base64url") };
  },
};

const mark = Buffer.from("NXSEAL1\n");

/** For bytes that mark their own end, such as deflated ones. */
const behind: Form = {
  add: (value, seal) => Buffer.concat([value, mark, seal]),
  split: (stored) => {
    const at = stored.length - sealBytes - mark.length;
    if (at < 0 || !mark.equals(stored.subarray(at, at + mark.length))) return undefined;
    return { value: stored.subarray(0, at), seal: stored.subarray(at + mark.length) };
  },
};

/** Entries whose seals coordinators check. `users` is deflated, `peers` is JSON. */
const forms: ReadonlyMap<string, Form> = new Map([
  [leaderKey, asField],
  [snapshotKey, asField],
  ["users", behind],
  ["peers", asJsonField],
]);

export const sealedEntries: readonly string[] = [...forms.keys()];

/** The entry with its seal; an entry that is never sealed stays unchanged. */
export const withEntrySeal = (name: string, value: Uint8Array, seal: Uint8Array): Uint8Array =>
  forms.get(name)?.add(value, seal) ?? value;

/** An entry's value and seal; undefined if the entry has no seal. */
export const splitEntry = (name: string, stored: Uint8Array): SplitEntry | undefined => forms.get(name)?.split(stored);
