import * as check from "./check.ts";

/** What a machine's owner allows its worker now. Earlier workers do not say; they count as open. */

/**
 * open: the worker takes runs. frozen: the owner is using the machine; its runs are suspended, and it takes none.
 * closed: it takes none, and hands back or ends those that it holds.
 */
export const lendingWords = ["open", "frozen", "closed"] as const;
export type LendingWord = (typeof lendingWords)[number];

/** Most characters of `lendingWhy` and of `lendingUntil`. */
export const mostWhy = 300;
export const mostUntil = 200;

/** Whether a worker lends its machine, and if not, why and until when, in words for people. */
export const lendingFields = {
  lending: check.optional(check.oneOf(...lendingWords), "open"),
  /** Why the worker does not lend: "somebody types at pts/3"; "" while it lends. */
  lendingWhy: check.optional(check.text(mostWhy), ""),
  /** What would change it: "after 5 min without a sign of use"; "" if nobody can say, and while it lends. */
  lendingUntil: check.optional(check.text(mostUntil), ""),
  /** Milliseconds since `lending` took its value. */
  lendingMs: check.optional(check.whole(), 0),
};
/** The same with every field present. */
export type LendingSaid = Required<check.Fields<typeof lendingFields>>;
