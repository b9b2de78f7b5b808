import { type NatsConnection, RequestStrategy } from "nats";
import { busError } from "./errors.ts";

/** Every answer that comes within `waitMs`. */
export async function askAll(
  connection: NatsConnection,
  subject: string,
  question: string,
  waitMs: number,
): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = [];
  try {
    const options = { strategy: RequestStrategy.Timer, maxWait: waitMs };
    for await (const { data } of await connection.requestMany(subject, question, options)) answers.push(data);
  } catch (cause) {
    throw busError(cause, subject);
  }
  return answers;
}
