import type { NatsConnection } from "nats";
import { BusError, type StoredMessage } from "../../../ports.ts";
import { streams } from "../../../wire/subjects.ts";
import { askedAs, type LocalNames } from "../local-names.ts";
import { patiently, questionTimeoutMs, questionTimeoutsMs } from "./patience.ts";

export const sealHeader = "Nexus-Seal";

const notFound = 404;
const lookAgainMs = 50;

/** The first message of the stream from a sequence on whose subject matches; null if its leader knows of none. */
export async function nextStored(
  connection: NatsConnection,
  names: LocalNames,
  stream: string,
  fromSeq: number,
  pattern: string,
): Promise<StoredMessage | null> {
  const question = JSON.stringify({ seq: Math.max(1, fromSeq), next_by_subj: pattern });
  const ask = (what: string) =>
    patiently(stream, questionTimeoutsMs, () =>
      connection.request(askedAs(`$JS.API.${what}.${stream}`, names), question, { timeout: questionTimeoutMs }),
    );
  for (;;) {
    const { headers: head, data } = await ask("DIRECT.GET");
    if (head && head.code === 0) {
      const seq = Number(head.get("Nats-Sequence"));
      const seal = stream === streams.journal ? { seal: head.get(sealHeader) } : undefined;
      return { seq, subject: head.get("Nats-Subject"), data, msgId: head.get("Nats-Msg-Id"), ...seal };
    }
    if (head?.code !== notFound)
      throw new BusError(
        "refused",
        `${stream}: the broker refused to give a message: ${head?.description ?? "no reason"}`,
      );
    // A copy in a cluster that is behind answers so too, but not its leader.
    const { error } = (await ask("STREAM.MSG.GET")).json<{ error?: { code?: number } }>();
    if (error?.code === notFound) return null;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}
