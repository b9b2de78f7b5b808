import { counted } from "../../shared/domain/counted.ts";
import type { InviteRecord } from "../../shared/domain/fold/invites.ts";

/** A moment as people read it: `2026-11-29 05:30 UTC`. */
export const momentText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** `invitation k5gm97fw holds until 2026-11-29 05:30 UTC, for 1 machine that serves gpu`. */
export function invitationText({
  id,
  expiresAt,
  uses,
  targets,
}: Pick<InviteRecord, "id" | "expiresAt" | "uses" | "targets">): string {
  const machines = uses === null ? "any number of machines" : counted(uses, "machine");
  const pools = targets.length === 0 ? "" : ` ${uses === 1 ? "that serves" : "that serve"} ${targets.join(", ")}`;
  return `invitation ${id} holds until ${momentText(expiresAt)}, for ${machines}${pools}`;
}
