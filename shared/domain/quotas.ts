import { percent } from "./percent.ts";
import { parseBytes } from "./runspec/quantities.ts";
import { sizeText } from "./size-text.ts";

/** What one worker may ask and store: names, usual values, and how people write them. docs/trust.md has the table. */

/** A rate in the long run, and how many may come at once. */
export interface Allowance {
  readonly perSecond: number;
  readonly atOnce: number;
}

/** Room in bytes, or as a share (0 to 1) of the stream's limit. */
export type QuotaRoom = { readonly bytes: number } | { readonly share: number };

/**
 * Runs earn a worker most of its quotas: our workers send one message of reports a second for each run that they hold
 * and one at its end, and ask once for each. So a worker of any size stays far below its quotas, except `openRuns`, and
 * one that floods is known within a second, however slow the disk is.
 */
export const usualQuotas = {
  /** Questions. Those beyond are not answered: our workers ask again later. */
  asks: { perSecond: 200, atOnce: 2000 },
  /** Bytes of questions; those beyond are not read either. A renewal of 10,000 runs has 0.4 MB. */
  askedBytes: { perSecond: 2 ** 20, atOnce: 32 * 2 ** 20 },
  /** Questions left unanswered because there were too many. More of them cut the worker off. */
  unanswered: { perSecond: 100, atOnce: 10_000 },
  /** Questions whose answer waits, for instance for a result that is on its way. */
  waiting: 5000,
  /** Runs that it holds; each run that it ends allows more (coordinator/leader/rules/open-runs.ts). */
  openRuns: 64,
  /** Starts of its process. */
  starts: { perSecond: 1 / 3, atOnce: 30 },
  /** Messages that it stores. They cannot be refused once they are stored, so more of them cut the worker off. */
  messages: { perSecond: 20, atOnce: 1000 },
  /** Bytes of these messages. */
  bytes: { perSecond: 2 * 2 ** 20, atOnce: 256 * 2 ** 20 },
  /** Whatever it sends the broker: questions, messages to store, pieces of states and files, requests for such pieces. */
  arrivals: { perSecond: 6000, atOnce: 9000 },
  /** Their bytes; at once also a checkpoint for each run held (coordinator/leader/rules/checkpoint-limit.ts). */
  arrivedBytes: { perSecond: 64 * 2 ** 20, atOnce: 4 * 2 ** 30 },
  /** Questions, and messages, that a worker earns with each run that it is given. */
  earnedByRun: 20,
  /** Questions, and messages, that it earns for each second that it holds a run. */
  earnedBySecond: 4,
  /** Bytes of questions that it earns with each question. */
  earnedBytes: 256,
  /** Room that it has in EV, in all. A share counts only where other workers are admitted too. */
  evidence: { share: 0.5 } as QuotaRoom,
  /** Room that it has in BLOB, for states and files. */
  pieces: { share: 0.5 } as QuotaRoom,
  /** The last part of EV, which is kept for results. */
  results: { share: 0.1 } as QuotaRoom,
} as const satisfies Readonly<Record<string, Allowance | QuotaRoom | number>>;

type Name = keyof typeof usualQuotas;

export type QuotaLimits = {
  readonly [Each in Name]: (typeof usualQuotas)[Each] extends number
    ? number
    : (typeof usualQuotas)[Each] extends Allowance
      ? Allowance
      : QuotaRoom;
};

/** The quotas by the names that people use; `unanswered` and the earned ones cannot be set. */
const settable = {
  questions: { quota: "asks", inBytes: false, example: "400/4000" },
  "question-bytes": { quota: "askedBytes", inBytes: true, example: "4MB/64MB" },
  waiting: { quota: "waiting", inBytes: false, example: "10000" },
  runs: { quota: "openRuns", inBytes: false, example: "256" },
  starts: { quota: "starts", inBytes: false, example: "1/60" },
  messages: { quota: "messages", inBytes: false, example: "40/2000" },
  bytes: { quota: "bytes", inBytes: true, example: "4MB/1GB" },
  sent: { quota: "arrivals", inBytes: false, example: "10000/20000" },
  "sent-bytes": { quota: "arrivedBytes", inBytes: true, example: "128MB/8GB" },
  evidence: { quota: "evidence", inBytes: true, example: "70% or 8GB" },
  states: { quota: "pieces", inBytes: true, example: "70% or 8GB" },
  results: { quota: "results", inBytes: true, example: "20% or 1GB" },
} as const satisfies Readonly<Record<string, { quota: Name; inBytes: boolean; example: string }>>;

export type QuotaName = keyof typeof settable;
export const quotaNames = Object.keys(settable) as readonly QuotaName[]; // its own keys

/** What was set: a text for each quota that was changed. */
export type QuotaTexts = Partial<Readonly<Record<QuotaName, string>>>;

/** Why a text is not a value of that quota; undefined if it is one. */
export function quotaProblem(name: string, text: string): string | undefined {
  if (!isQuotaName(name)) return `there is no quota ${name.slice(0, 40)}; expected one of ${quotaNames.join(", ")}`;
  const { quota, example } = settable[name];
  if (quotaValue(name, text) !== undefined) return undefined;
  const form =
    typeof usualQuotas[quota] === "number"
      ? "a number"
      : "perSecond" in usualQuotas[quota]
        ? "so many a second, a slash, and so many at once"
        : "a percentage or bytes";
  return `quota ${name}: expected ${form}, such as ${name}=${example.split(" or ")[0]}`;
}

export const isQuotaName = (name: string): name is QuotaName => Object.hasOwn(settable, name);

/** The usual quotas with what was set; texts that cannot be read are ignored. */
export function quotasWith(texts: Readonly<Record<string, string>>): QuotaLimits {
  const changed: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) {
    const value = isQuotaName(name) ? quotaValue(name, text) : undefined;
    if (value !== undefined && isQuotaName(name)) changed[settable[name].quota] = value;
  }
  return { ...usualQuotas, ...changed };
}

function quotaValue(name: QuotaName, text: string): Allowance | QuotaRoom | number | undefined {
  const { quota, inBytes } = settable[name];
  const usual = usualQuotas[quota];
  const one = (word: string): number | undefined => (inBytes ? bytesOf(word) : numberOf(word));
  if (typeof usual === "number") return one(text);
  if ("perSecond" in usual) {
    const [perSecond, atOnce] = text.split("/").map((word) => one(word.trim()));
    const isRate = text.split("/").length === 2 && perSecond !== undefined && atOnce !== undefined;
    return isRate && atOnce >= 1 ? { perSecond, atOnce } : undefined;
  }
  const percent = /^([1-9]\d?|100)\s*%$/.exec(text.trim())?.[1];
  if (percent !== undefined) return { share: Number(percent) / 100 };
  const bytes = bytesOf(text);
  return bytes === undefined ? undefined : { bytes };
}

const numberOf = (word: string): number | undefined => {
  const value = /^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN;
  return value > 0 && value <= 1e9 ? value : undefined;
};

const bytesOf = (word: string): number | undefined =>
  parseBytes(/^\d+$/.test(word.trim()) ? Number(word) : word.trim());

/** A quota as people read it: `20/1000`, `2.1 MB/268 MB`, `50%`. */
export function quotaText(name: QuotaName, limits: QuotaLimits): string {
  const { quota, inBytes } = settable[name];
  const value = limits[quota];
  const one = (amount: number): string => (inBytes ? sizeText(amount) : String(Number(amount.toFixed(2))));
  if (typeof value === "number") return one(value);
  if ("perSecond" in value) return `${one(value.perSecond)}/${one(value.atOnce)}`;
  return "share" in value ? percent(value.share) : sizeText(value.bytes);
}

/** A room in bytes. @param most  the stream's limit in bytes; -1: it has none, so a share is Infinity */
export function roomBytes(room: QuotaRoom, most: number): number {
  if ("bytes" in room) return room.bytes;
  return most < 0 ? Number.POSITIVE_INFINITY : room.share * most;
}
