/** Checks of values from outside: each returns the value with its type, or throws a BadMessage that names its place. */

export class BadMessage extends Error {
  override readonly name = "BadMessage";
}

/** A message of a version that this program does not speak; the error says what to install. */
export class OtherVersion extends BadMessage {}

/** `at`: place of the value in the message, for the error; "" in a first pass, which need not name it. */
export type Check<T> = (value: unknown, at: string) => T;

/** Checks a faulty message a second time to name the field; valid messages pay nothing for that. */
export function checked<T>(of: Check<T>, value: unknown): T {
  try {
    return of(value, "");
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    return of(value, "message");
  }
}

/** The type of the values that pass a check, so that a message's fields are written only once. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** The place of an item of a list. */
export const itemOf = (at: string, i: number): string => (at === "" ? "" : `${at}[${i}]`);
/** The place of a field of a mapping. */
export const fieldOf = (at: string, key: string): string => (at === "" ? "" : `${at}.${key}`);

function refuse(at: string, expected: string, value: unknown): never {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw new BadMessage(`${at}: expected ${expected}, found ${found}`);
}

/** A message's version for errors: the number, or that there is none. */
export const versionText = (v: unknown): string =>
  typeof v === "number" ? `message version ${v}` : "a message without a version";

export const text =
  (max = 1024): Check<string> =>
  (value, at) =>
    typeof value === "string" && value.length <= max ? value : refuse(at, `text of at most ${max} characters`, value);

/** A whole number from `least` to `most`. */
export const whole =
  (least = 0, most = Number.MAX_SAFE_INTEGER): Check<number> =>
  (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : refuse(
          at,
          most < Number.MAX_SAFE_INTEGER ? `a whole number from ${least} to ${most}` : `a whole number from ${least}`,
          value,
        );

/** Any number, including NaN and infinities, which a diverged run reports. */
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

/** Checks one of many values, and builds its place only if the value is wrong. */
function part<T>(of: Check<T>, value: unknown, place: () => string): T {
  try {
    return of(value, "");
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    return of(value, place());
  }
}

export const list =
  <T>(of: Check<T>, max = 100_000): Check<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length > max) return refuse(at, `a list of at most ${max}`, value);
    if (at === "") return value.map((item) => of(item, ""));
    return value.map((item, i) => part(of, item, () => itemOf(at, i)));
  };

export const record =
  <T>(of: Check<T>, max = 10_000): Check<Record<string, T>> =>
  (value, at) => {
    if (!isMapping(value)) return refuse(at, "a mapping", value);
    const keys = Object.keys(value);
    if (keys.length > max) return refuse(at, `a mapping of at most ${max}`, value);
    return Object.fromEntries(keys.map((key) => [key, part(of, value[key], () => fieldOf(at, key))]));
  };

export const nullable =
  <T>(of: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null || value === undefined ? null : of(value, at);

/** A field that senders may leave out; its default is filled in on arrival. */
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

export const mapping: Check<Readonly<Record<string, unknown>>> = (value, at) =>
  isMapping(value) ? value : refuse(at, "a mapping", value);

type Shape = Readonly<Record<string, Check<unknown>>>;
type Flat<T> = { [K in keyof T]: T[K] };
/** The type of a mapping whose fields pass these checks. */
export type Fields<S extends Shape> = Flat<
  { readonly [K in keyof S as S[K] extends Optional<unknown> ? never : K]: Checked<S[K]> } & {
    readonly [K in keyof S as S[K] extends Optional<unknown> ? K : never]?: Checked<S[K]>;
  }
>;

/** A mapping with these keys; others are dropped, so that a newer sender may add fields. */
export const shape = <S extends Shape>(keys: S): Check<Fields<S>> => {
  const checks = Object.entries(keys);
  return (value, at) => {
    const found = mapping(value, at);
    const out: Record<string, unknown> = {};
    for (const [key, check] of checks) out[key] = check(found[key], fieldOf(at, key));
    return out as Fields<S>;
  };
};

/** A mapping with any of these keys; others are dropped. */
export const partial =
  <S extends Shape>(keys: S): Check<Partial<Fields<S>>> =>
  (value, at) => {
    if (!isMapping(value)) return refuse(at, "a mapping", value);
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(keys))
      if (value[key] !== undefined) out[key] = keys[key]?.(value[key], fieldOf(at, key));
    return out as Partial<Fields<S>>;
  };

/** A mapping whose `kind` names its shape. */
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
