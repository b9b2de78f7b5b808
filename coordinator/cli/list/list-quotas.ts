import { type QuotaName, quotaNames, quotasWith, quotaText, usualQuotas } from "../../../shared/domain/quotas.ts";
import { readQuotaFile } from "../../../shared/machine/quota-file.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { type Field, recordsJson, showRecords } from "../../runs/records.ts";

/** `nexus list quotas`: what one worker may ask and store, as this machine's coordinator takes it. */
export async function listQuotas({ scope, output }: Session, { json }: JsonOption): Promise<void> {
  const { texts, problems } = readQuotaFile(scope.paths);
  const limits = quotasWith(texts);
  const fields: readonly Field<QuotaName>[] = [
    { name: "quota", kind: "text", value: (name) => name },
    { name: "value", kind: "text", value: (name) => quotaText(name, limits) },
    { name: "usual", kind: "text", value: (name) => quotaText(name, usualQuotas) },
    { name: "meaning", kind: "text", value: (name) => meanings[name] },
  ];
  if (json) output.result(recordsJson("quota", fields, quotaNames));
  else showRecords(output, fields, quotaNames, `total quotas listed: ${quotaNames.length}`);
  for (const problem of problems) output.note(`${problem}; the usual value holds\n`);
  if (!json)
    output.note(`to change one: nexus-coord --quota messages=40/2000${scope.flags}; it holds within seconds\n`);
}

const meanings: Readonly<Record<QuotaName, string>> = {
  questions: "answered, a second/at once",
  "question-bytes": "read of its questions, a second/at once",
  waiting: "questions whose answer waits",
  runs: "held at first; more by those that it ended",
  starts: "of its process, a second/at once",
  messages: "stored, a second/at once",
  bytes: "of stored messages, a second/at once",
  sent: "messages sent to the broker, a second/at once",
  "sent-bytes": "sent to the broker, a second/at once",
  evidence: "its messages in EV, in all",
  states: "its states and files in BLOB, in all",
  results: "last part of EV, kept for results of all",
};
