import type { Family } from "./act.ts";
import { listening } from "./acts/listening.ts";
import { publishing } from "./acts/publishing.ts";
import { replies } from "./acts/replies.ts";

/** Every family, in the order in which they are tried: those that may bring the coordinator down come last. */
export const families: readonly Family[] = [publishing, listening, replies];
