import { pause } from "../../../shared/time/deadline.ts";
import { decode } from "../../../shared/wire/codec.ts";
import type { Ground, Role } from "../ground/ground.ts";
import { claim } from "./words.ts";

/** A trial assigned to one of our attacking workers, from the answer to its claim. */
export interface Held {
  readonly kind: string;
  readonly job: string;
  readonly run: string;
  readonly n: number;
  readonly attempt: number;
  readonly claimId: string;
}

const limitMs = 120_000;

/** One claim and the coordinator's answer; undefined if there was none. */
export async function claimOnce(
  ground: Ground,
  role: Role,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Held | undefined> {
  const client = await ground.as(role);
  const claimId = `c${Math.random().toString(36).slice(2)}`;
  const answer = await client.ask(`ask.${ground.idOf(role)}`, claim({ claimId, ...more }), ground.inbox(role), 60_000);
  // The caller checks the answer's form.
  return answer && { claimId, ...(decode(answer.data) as Omit<Held, "claimId">) };
}

/** Claims as an honest worker would until a trial is assigned. */
export async function hold(ground: Ground, role: Role, more: Readonly<Record<string, unknown>> = {}): Promise<Held> {
  const limit = performance.now() + limitMs;
  let said = "";
  while (performance.now() < limit) {
    const answer = await claimOnce(ground, role, more);
    if (answer?.kind === "assigned") return answer;
    said = JSON.stringify(answer);
    await pause(100);
  }
  throw new Error(`${role} was given no trial: ${said.slice(0, 200)}`);
}
