import * as check from "./check.ts";

/** What a machine's owner allows its worker now. Earlier workers do not say, and are taken to be open. */

/**
 * open: it takes runs. frozen: its owner is using the machine; its runs are suspended, and it takes none. closed: it takes none,
 * and hands back or ends those that it holds.
 */
export const lendingWords = ["open", "frozen", "closed"] as const;
export type LendingWord = (typeof lendingWords)[number];

/** Characters of the two sentences. */
export const mostWhy = 300;
export const mostUntil = 200;

/** What a worker that does not lend says of it, in words for people. */
export const lendingFields = {
  lending: check.optional(check.oneOf(...lendingWords), "open"),
  /** Why it does not lend: "somebody types at pts/3"; "" while it lends. */
  lendingWhy: check.optional(check.text(mostWhy), ""),
  /** What would change it: "after 5 min without a sign of use"; "" if nobody can say, and while it lends. */
  lendingUntil: check.optional(check.text(mostUntil), ""),
  /** Milliseconds for which it has been so. */
  lendingMs: check.optional(check.whole(), 0),
};
/** The same where nothing is left out. */
export type LendingSaid = Required<check.Fields<typeof lendingFields>>;
