import { randomBytes } from "node:crypto";
import type { Chance } from "./ports.ts";

/** Of this process alone: nobody who has not seen one of its nonces can guess the next. */
const secret = randomBytes(9).toString("base64url");
let count = 0;

/** The system's own luck. */
export const systemChance: Chance = {
  fraction: () => Math.random(),
  nonce: () => {
    count += 1;
    return `${secret}-${count.toString(36)}`;
  },
};
