import type { Testimony } from "../domain/invariants/testimony.ts";
import type { StoredMessage } from "../ports.ts";
import { BadMessage } from "./check.ts";
import { decodeEvidence } from "./evidence.ts";
import { parseEvidence } from "./subjects.ts";

/** What a message of the evidence says about its trial; undefined if the message cannot be read. */
export function testimonyOf({ subject, seq, data }: StoredMessage): Testimony | undefined {
  const address = parseEvidence(subject);
  if (!address) return undefined;
  try {
    const told = decodeEvidence(address, data);
    const { attempt } = told;
    switch (told.kind) {
      case "report":
      case "checkpoint":
      case "failed":
        return { ...address, seq, attempt, reports: told.reports };
      case "result":
        return { ...address, seq, attempt, reports: told.reports, hpmax: told.hpmax };
      case "released":
        return { ...address, seq, attempt, reports: [] };
      default: {
        const never: never = told;
        throw new BadMessage(`unknown evidence ${JSON.stringify(never)}`);
      }
    }
  } catch (error) {
    if (error instanceof BadMessage) return undefined;
    throw error;
  }
}
