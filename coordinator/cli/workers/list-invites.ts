import type { InviteRecord } from "../../../shared/domain/fold/invites.ts";
import type { JsonOption, Printing } from "../../operator/session.ts";
import { type Field, recordsJson, showRecords } from "../../runs/records.ts";
import { momentText } from "../../words/invitations.ts";

/** `nexus list invites`: those that are open, and the last ones that are over, with the reason. */
export function listInvites({ state, output, flags }: Printing, { json }: JsonOption): void {
  const invites = [...state.invites.values()];
  if (json) output.result(recordsJson("invite", fields, invites));
  else showRecords(output, fields, invites, `total invitations listed: ${invites.length}`);
  if (invites.length === 0) output.note(`nobody was invited yet; to invite a machine: nexus invite${flags}\n`);
}

const fields: readonly Field<InviteRecord>[] = [
  { name: "invite", kind: "text", value: ({ id }) => id },
  { name: "status", kind: "text", value: ({ ended }) => (ended === "" ? "open" : "over") },
  { name: "until", kind: "text", value: ({ expiresAt }) => momentText(expiresAt) },
  { name: "joined", kind: "count", value: ({ used }) => used },
  { name: "uses", kind: "text", value: ({ uses }) => (uses === null ? "any" : String(uses)) },
  { name: "target", kind: "text", value: ({ targets }) => targets.join(",") || undefined },
  { name: "by", kind: "text", value: ({ by, line }) => (line === "" ? by : `the join line of ${line}`) },
  { name: "reason", kind: "text", value: ({ ended }) => ended || undefined },
];
