import { decodeWorkerList } from "../../../shared/broker/access/worker-list.ts";
import { codeFilesIn } from "../../../shared/wire/code-bundle.ts";
import * as messages from "../../../shared/wire/messages.ts";
import { open, sha256Of } from "../../../shared/wire/sealed-chunks.ts";
import { decodeSnapshotPlace } from "../../../shared/wire/snapshots.ts";
import type { EvidenceKind } from "../../../shared/wire/subjects.ts";
import { readFromRunner } from "../../../worker/node/from-runner.ts";
import { decodeRun } from "../../../worker/runner/run-state.ts";

type Decoder = (bytes: Uint8Array) => unknown;

const evidence =
  (kind: EvidenceKind): Decoder =>
  (bytes) =>
    messages.decodeEvidence({ kind }, bytes);

/** Every decoder of a message, by the name of its form. */
export const decoders: Readonly<Record<string, Decoder>> = {
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

/**
 * Decoders of other data from outside. A snapshot's decoder is not among them: its bytes are sealed with the
 * coordinators' key, and their checksum is compared first.
 */
export const otherDecoders = (pieceKey: Uint8Array): Readonly<Record<string, Decoder>> => ({
  record: messages.decodeEvents,
  code: (zipped) => codeFilesIn({ zipped, sha256: sha256Of(zipped), files: 2 }),
  piece: (piece) => open([piece], pieceKey, { size: 13, sha256: "0".repeat(64), chunks: 1 }),
  "worker list": decodeWorkerList,
  "run state": decodeRun,
  "from runner": readFromRunner,
});
