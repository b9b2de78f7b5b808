import { parentPort } from "node:worker_threads";
import { restoreTable } from "../../shared/domain/fold/saved-table.ts";
import { findingsOf } from "./findings.ts";
import type { FindingsAnswer, FindingsQuestion } from "./findings-desk.ts";

/** Evaluates in a thread beside the screen, whose frames and keys must not wait. One question at a time. */
parentPort?.on("message", ({ table, trials }: FindingsQuestion) => {
  const began = performance.now();
  const findings = findingsOf(restoreTable(table, trials));
  const answer: FindingsAnswer = { findings, tookMs: performance.now() - began };
  parentPort?.postMessage(answer);
});
