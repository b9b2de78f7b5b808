/** The outcome of an order, as the leader words it if nobody typed a reason. */
const words = ["paused", "resumed", "drained", "stopped", "cancelled", "released", "benched", "revoked"] as const;
type Word = (typeof words)[number];

/** The leader's reason for what a person ordered: `paused by ann`. */
export const orderSentence = (word: Word, by: string): string => `${word} by ${by}`;

/** Whether a reason is exactly that sentence, and so already names the person. */
export const isOrderSentence = (reason: string, by: string): boolean =>
  words.some((word) => reason === orderSentence(word, by));
