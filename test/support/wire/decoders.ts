import * as messages from "../../../shared/wire/messages.ts";
import { decodeSnapshotPlace } from "../../../shared/wire/snapshots.ts";
import type { EvidenceKind } from "../../../shared/wire/subjects.ts";

const evidence =
  (kind: EvidenceKind) =>
  (bytes: Uint8Array): unknown =>
    messages.decodeEvidence({ kind }, bytes);

/** Every decoder of a message, by the name of its form. */
export const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  ask: messages.decodeAsk,
  answer: messages.decodeAnswer,
  control: messages.decodeControl,
  order: messages.decodeOrder,
  "order answer": messages.decodeOrderAnswer,
  enrolment: messages.decodeEnrolment,
  report: evidence("report"),
  checkpoint: evidence("checkpoint"),
  result: evidence("result"),
  failed: evidence("failed"),
  released: evidence("released"),
  status: messages.decodeStatus,
  leader: messages.decodeLeader,
  snapshot: decodeSnapshotPlace,
};
