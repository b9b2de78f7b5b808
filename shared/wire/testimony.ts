import type { Testimony } from "../domain/invariants/invariants.ts";
import type { StoredMessage } from "../ports.ts";
import { BadMessage } from "./check.ts";
import { decodeCheckpoint, decodeFailure, decodeHandback, decodeReports, decodeResult } from "./messages.ts";
import { parseEvidence } from "./subjects.ts";

/** What a message of the evidence says about its trial; undefined where it says nothing that counts, or cannot be read. */
export function testimonyOf({ subject, seq, data }: StoredMessage): Testimony | undefined {
  const address = parseEvidence(subject);
  if (!address) return undefined;
  try {
    switch (address.kind) {
      case "report":
        return { ...address, seq, ...decodeReports(data) };
      case "checkpoint": {
        const { attempt, reports } = decodeCheckpoint(data);
        return { ...address, seq, attempt, reports };
      }
      case "result": {
        const { attempt, reports, hpmax } = decodeResult(data);
        return { ...address, seq, attempt, reports, hpmax };
      }
      case "failed": {
        const { attempt, reports } = decodeFailure(data);
        return { ...address, seq, attempt, reports };
      }
      case "released":
        return { ...address, seq, attempt: decodeHandback(data).attempt, reports: [] };
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof BadMessage) return undefined;
    throw error;
  }
}
