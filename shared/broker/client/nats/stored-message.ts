import type { Msg, NatsConnection } from "nats";
import { BusError, type StoredMessage } from "../../../ports.ts";
import { streams } from "../../../wire/subjects.ts";
import { askedAs, type LocalNames } from "../local-names.ts";
import { patiently, questionTimeoutMs, questionTimeoutsMs } from "./patience.ts";

export const sealHeader = "Nexus-Seal";

const notFound = 404;
const lookAgainMs = 50;

/** The first message of the stream from a sequence on whose subject matches; null if the stream's leader has none. */
export async function nextStored(
  connection: NatsConnection,
  names: LocalNames,
  stream: string,
  fromSeq: number,
  pattern: string,
): Promise<StoredMessage | null> {
  const ask = (what: string) => askNext(what, connection, names, stream, fromSeq, pattern);
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
    // A copy that is behind gives this answer too; the stream's leader does not.
    const { error } = (await ask("STREAM.MSG.GET")).json<{ error?: { code?: number } }>();
    if (error?.code === notFound) return null;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}

/** Whether the stream's leader holds a message whose subject matches, from one sequence on and before another. */
export async function holdsStored(
  connection: NatsConnection,
  names: LocalNames,
  stream: string,
  fromSeq: number,
  beforeSeq: number,
  patterns: readonly string[] = [">"],
): Promise<boolean> {
  // One after the other: each answer carries a whole message.
  for (const pattern of patterns) {
    const answer = await askNext("STREAM.MSG.GET", connection, names, stream, fromSeq, pattern);
    const { message, error } = answer.json<{ message?: { seq: number }; error?: { code?: number } }>();
    if (error?.code === notFound) continue;
    if (!message) throw new BusError("refused", `${stream}: the broker refused to say which message is next`);
    if (message.seq < beforeSeq) return true;
  }
  return false;
}

function askNext(
  what: string,
  connection: NatsConnection,
  names: LocalNames,
  stream: string,
  fromSeq: number,
  pattern: string,
): Promise<Msg> {
  const subject = askedAs(`$JS.API.${what}.${stream}`, names);
  const question = JSON.stringify({ seq: Math.max(1, fromSeq), next_by_subj: pattern });
  const ask = () => connection.request(subject, question, { timeout: questionTimeoutMs });
  return patiently(stream, questionTimeoutsMs, ask);
}
