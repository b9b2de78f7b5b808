/** Small checks for what arrives from outside; each returns the value with its type or throws BadMessage naming the place. */

export class BadMessage extends Error {
  override readonly name = "BadMessage";
}

/** `at`: where the value stands, for the complaint; "" while nobody asks. */
export type Check<T> = (value: unknown, at: string) => T;

/** What a check gives: a message's fields, their meaning and their check are written once, and its type is read from there. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** Where an item of a list stands. */
export const itemOf = (at: string, i: number): string => (at === "" ? "" : `${at}[${i}]`);
const below = (at: string, key: string): string => (at === "" ? "" : `${at}.${key}`);

function refuse(at: string, expected: string, value: unknown): never {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw new BadMessage(`${at}: expected ${expected}, found ${found}`);
}

export const text =
  (max = 1024): Check<string> =>
  (value, at) =>
    typeof value === "string" && value.length <= max ? value : refuse(at, `text of at most ${max} characters`, value);

/** A whole number from `least` to 2^53 - 1. */
export const whole =
  (least = 0): Check<number> =>
  (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? (value as number)
      : refuse(at, `a whole number from ${least}`, value);

/** Any number, NaN and infinities included: a diverged run reports them. */
export const number: Check<number> = (value, at) => (typeof value === "number" ? value : refuse(at, "a number", value));

export const flag: Check<boolean> = (value, at) =>
  typeof value === "boolean" ? value : refuse(at, "true or false", value);

export const oneOf =
  <const T extends string>(...words: readonly T[]): Check<T> =>
  (value, at) =>
    words.includes(value as T) ? (value as T) : refuse(at, `one of ${words.join(", ")}`, value);

export const matching =
  <T extends string>(is: (text: string) => boolean, what: string): Check<T> =>
  (value, at) =>
    typeof value === "string" && is(value) ? (value as T) : refuse(at, what, value);

export const list =
  <T>(of: Check<T>, max = 100_000): Check<readonly T[]> =>
  (value, at) =>
    Array.isArray(value) && value.length <= max
      ? value.map((item, i) => of(item, itemOf(at, i)))
      : refuse(at, `a list of at most ${max}`, value);

export const record =
  <T>(of: Check<T>, max = 10_000): Check<Record<string, T>> =>
  (value, at) => {
    if (!isMapping(value)) return refuse(at, "a mapping", value);
    const keys = Object.keys(value);
    if (keys.length > max) return refuse(at, `a mapping of at most ${max}`, value);
    return Object.fromEntries(keys.map((key) => [key, of(value[key], below(at, key))]));
  };

export const nullable =
  <T>(of: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null || value === undefined ? null : of(value, at);

/** A field that senders of another version leave out; it is filled in on arrival. */
export interface Optional<T> extends Check<T> {
  readonly isOptional: true;
}
export const optional = <T>(of: Check<T>, otherwise: T): Optional<T> =>
  Object.assign((value: unknown, at: string): T => (value === undefined ? otherwise : of(value, at)), {
    isOptional: true as const,
  });

export const bytes: Check<Uint8Array> = (value, at) =>
  value instanceof Uint8Array ? value : refuse(at, "bytes", value);

export const sha256 = matching<string>((text) => /^[0-9a-f]{64}$/.test(text), "64 hexadecimal digits");

type Shape = Readonly<Record<string, Check<unknown>>>;
type Flat<T> = { [K in keyof T]: T[K] };
/** The mapping whose fields have these checks. */
export type Fields<S extends Shape> = Flat<
  { readonly [K in keyof S as S[K] extends Optional<unknown> ? never : K]: Checked<S[K]> } & {
    readonly [K in keyof S as S[K] extends Optional<unknown> ? K : never]?: Checked<S[K]>;
  }
>;

/** A mapping with exactly these keys checked; further keys are dropped, so that a newer sender may add some. */
export const shape = <S extends Shape>(keys: S): Check<Fields<S>> => {
  const checks = Object.entries(keys);
  return (value, at) => {
    if (!isMapping(value)) return refuse(at, "a mapping", value);
    const out: Record<string, unknown> = {};
    for (const [key, check] of checks) out[key] = check(value[key], below(at, key));
    return out as Fields<S>;
  };
};

/** A mapping of which any of these keys may be left out; those that are there are checked, further keys are dropped. */
export const partial =
  <S extends Shape>(keys: S): Check<Partial<Fields<S>>> =>
  (value, at) => {
    if (!isMapping(value)) return refuse(at, "a mapping", value);
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(keys))
      if (value[key] !== undefined) out[key] = keys[key]?.(value[key], below(at, key));
    return out as Partial<Fields<S>>;
  };

/** A mapping of the shape that its `kind` names. */
export const byKind =
  <T extends { readonly kind: string }>(
    shapes: { readonly [K in T["kind"]]: Check<Extract<T, { kind: K }>> },
  ): Check<T> =>
  (value, at) => {
    const kind = isMapping(value) ? value["kind"] : undefined;
    const isKnown = (word: unknown): word is T["kind"] => typeof word === "string" && Object.hasOwn(shapes, word);
    if (!isKnown(kind)) throw new BadMessage(`${at}.kind: expected one of ${Object.keys(shapes).join(", ")}`);
    return shapes[kind](value, at);
  };

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
