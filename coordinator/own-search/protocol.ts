import {
  type Configuration,
  type Hyperparameter,
  type Setting,
  settingsOf,
} from "../../shared/domain/hyperparameter.ts";
import { infinite, jsonText, jsonLine as line } from "../../shared/domain/json-line.ts";
import { printable } from "../../shared/domain/printable.ts";
import { contains, rangeText } from "../../shared/domain/ranges/range.ts";
import type { OwnSearchJob, ToldRun } from "../../shared/domain/search/own-search.ts";

/**
 * The lines between a coordinator and a search of the user's own: one JSON object a line, UTF-8, each with a `type`.
 * docs/own-search.md describes them for people who write such a program; what it says and what is here go together.
 */
export const protocolVersion = 1;

/** Most characters of a line that a search prints; a longer one breaks the protocol. */
export const longestLine = 1_000_000;
const longestWhy = 300;

type SeenJob = Pick<OwnSearchJob, "job" | "seed" | "totalRuns" | "hyperparameters" | "where">;

/** The first line. @param history  runs that are told at once, before the first question */
export const hello = ({ job, seed, totalRuns, hyperparameters, where }: SeenJob, history: number): string =>
  line({
    type: "hello",
    protocol: protocolVersion,
    job,
    seed,
    goal: "maximize",
    total_runs: totalRuns,
    hyperparameters: hyperparameters.map(seenDial),
    where,
    history,
  });

/** A hyperparameter as a search sees it. */
const seenDial = ({ name, ordered, values, dial, range, tuned, onlyWhen = [] }: Hyperparameter): object => ({
  name,
  ordered,
  values,
  ...(dial ? { dial } : {}),
  ...(range ? { range } : {}),
  tuned,
  ...(onlyWhen.length > 0 ? { only_when: onlyWhen } : {}),
});

/** Sent when ranges have new marks: all hyperparameters as they are now. Existing positions stay. */
export const values = (hyperparameters: readonly Hyperparameter[]): string =>
  line({ type: "values", hyperparameters: hyperparameters.map(seenDial) });

export const ask = (number: number, n: number): string => line({ type: "ask", ask: number, n });

export const tell = (hyperparameters: readonly Hyperparameter[], told: ToldRun): string => {
  const { run, name, ask: asked, configuration, state, value, reason } = told;
  const settings = namedSettings(hyperparameters, configuration);
  return line({ type: "tell", run, name, ask: asked, configuration, settings, state, value, reason });
};

/** A value that is no finite number has a type of its own: programs that expect a number in a report pass over it. */
export const report = (run: number, iters: number, value: number): string =>
  Number.isFinite(value)
    ? line({ type: "report", run, iters, value })
    : line({ type: "diverged", run, iters, value: String(value) });
export const refuse = (number: number, why: string): string => line({ type: "refuse", ask: number, why });
export const exclude = (hyperparameters: readonly Hyperparameter[], configuration: Configuration): string =>
  line({ type: "exclude", configuration, settings: namedSettings(hyperparameters, configuration) });
/** The last line, before its input ends. */
export const bye = (): string => line({ type: "bye" });

const namedSettings = (
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): Record<string, Setting> => {
  const settings = settingsOf(hyperparameters, configuration);
  return Object.fromEntries(hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
};

/** What a search says. */
export type Said =
  | { readonly type: "ready"; readonly name: string; readonly deterministic: boolean; readonly reports: boolean }
  | { readonly type: "choice"; readonly ask: number; readonly settings: readonly Setting[]; readonly why: string }
  | { readonly type: "later"; readonly ask: number; readonly why: string }
  | { readonly type: "finished"; readonly ask: number; readonly why: string }
  | { readonly type: "prune"; readonly run: number; readonly why: string }
  | { readonly type: "error"; readonly message: string };

/** A line that breaks the protocol: says what was found, what was expected, what to do. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const types = ["ready", "choice", "later", "finished", "prune", "error"] as const;
const toStandardError = "its standard output is for answers only; print everything else to standard error";

/** Reads a line. @throws ProtocolError */
export function readLine(text: string, hyperparameters: readonly Hyperparameter[]): Said {
  const message = objectIn(text);
  const type = types.find((each) => each === message["type"]);
  const whole = (name: string, least = 1): number => {
    const value = message[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
    throw new ProtocolError(
      `its "${type}" has ${name}: ${shown(value)}; expected the number of a ${name === "ask" ? "question" : "run"}`,
    );
  };
  const text_ = (name: string): string => {
    const value = message[name];
    if (value === undefined || value === null) return "";
    if (typeof value === "string") return printable(value).slice(0, longestWhy);
    throw new ProtocolError(`its "${type}" has ${name}: ${shown(value)}; expected text`);
  };
  switch (type) {
    case "ready": {
      if (message["protocol"] !== protocolVersion) {
        throw new ProtocolError(
          `its "ready" has protocol: ${shown(message["protocol"])}; expected ${protocolVersion}, the only version that this program speaks`,
        );
      }
      const flag = (name: string): boolean => message[name] === true;
      return { type, name: text_("name"), deterministic: flag("deterministic"), reports: flag("reports") };
    }
    case "choice":
      return { type, ask: whole("ask"), settings: choiceIn(message, hyperparameters), why: text_("why") };
    case "later":
    case "finished":
      return { type, ask: whole("ask"), why: text_("why") };
    case "prune":
      return { type, run: whole("run"), why: text_("why") };
    case "error":
      return { type, message: text_("message") };
    case undefined:
      throw new ProtocolError(`it said type: ${shown(message["type"])}; expected one of: ${types.join(", ")}`);
    default: {
      const never: never = type;
      throw new RangeError(`unknown type ${String(never)}`);
    }
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isAlmost = /^\s*\{/.test(text) && /\b(NaN|-?Infinity)\b/.test(text);
    throw new ProtocolError(
      `it printed ${shown(text)}, which is no JSON; ${isAlmost ? 'JSON has no NaN; write "Infinity" in quotes' : toStandardError}`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ProtocolError(`it printed ${shown(text)}, which is no JSON object; ${toStandardError}`);
}

/** The settings of a choice, from `configuration` (positions in the lists) or `settings` (values by name), in spec order. */
function choiceIn(
  message: Readonly<Record<string, unknown>>,
  hyperparameters: readonly Hyperparameter[],
): readonly Setting[] {
  const { configuration, settings } = message as { configuration?: unknown; settings?: unknown };
  if (configuration !== undefined) return settingsOf(hyperparameters, positionsIn(configuration, hyperparameters));
  if (typeof settings === "object" && settings !== null && !Array.isArray(settings)) {
    return settingsIn(settings as Record<string, unknown>, hyperparameters);
  }
  throw new ProtocolError(
    `its choice has neither configuration nor settings; expected e.g. ${example(hyperparameters)}`,
  );
}

function positionsIn(found: unknown, hyperparameters: readonly Hyperparameter[]): Configuration {
  if (!Array.isArray(found) || found.length !== hyperparameters.length) {
    throw new ProtocolError(
      `its choice has configuration: ${shown(found)}; expected a list of ${hyperparameters.length} positions, one for each hyperparameter`,
    );
  }
  return hyperparameters.map(({ name, values }, i) => {
    const position: unknown = found[i];
    if (typeof position === "number" && Number.isInteger(position) && position >= 0 && position < values.length) {
      return position;
    }
    throw new ProtocolError(
      `its choice has position ${shown(position)} for ${name}; expected a whole number from 0 to ${values.length - 1}`,
    );
  });
}

function settingsIn(
  settings: Readonly<Record<string, unknown>>,
  hyperparameters: readonly Hyperparameter[],
): readonly Setting[] {
  const unknown = Object.keys(settings).find((key) => !hyperparameters.some(({ name }) => name === key));
  if (unknown !== undefined) {
    const names = hyperparameters.map(({ name }) => name).join(", ");
    throw new ProtocolError(`its choice has a setting for ${shown(unknown)}; the hyperparameters are: ${names}`);
  }
  return hyperparameters.map(({ name, values, range }) => {
    if (!Object.hasOwn(settings, name)) throw new ProtocolError(`its choice has no setting for ${name}`);
    const said = settings[name] as Setting; // what is no setting is not among the values
    const setting = values.includes(said) ? said : infinite(said);
    if (values.includes(setting) || (range && contains(range, setting))) return setting;
    const some = values.slice(0, 8).map(jsonText);
    const more = values.length > 8 ? `, ... (${values.length} values)` : "";
    const expected = range
      ? `a number of the range ${rangeText(range)}`
      : `one of the values of the list: ${some.join(", ")}${more}`;
    throw new ProtocolError(`its choice has ${name}: ${shown(settings[name])}; expected ${expected}`);
  });
}

const example = (hyperparameters: readonly Hyperparameter[]): string =>
  JSON.stringify({ type: "choice", ask: 1, configuration: hyperparameters.map(() => 0) });

/** A value of a program as it stands in a message. */
const shown = (value: unknown): string => {
  const text = printable(typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "nothing"));
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
};
