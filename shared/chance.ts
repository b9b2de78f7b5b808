import { randomBytes } from "node:crypto";
import type { Chance } from "./ports.ts";

/** A secret of this process: nobody can guess a nonce without having seen another one from this process. */
const secret = randomBytes(9).toString("base64url");
let count = 0;

/** The system's own randomness. */
export const systemChance: Chance = {
  fraction: () => Math.random(),
  nonce: () => {
    count += 1;
    return `${secret}-${count.toString(36)}`;
  },
};
