import { within } from "../../deadline.ts";
import type { Bus, StoredMessage } from "../../ports.ts";

const readTimeoutMs = 600_000;

/**
 * Hands over a stream's messages from the first to that one; of what is not there, nothing. Where the server leaves out a
 * message that is damaged it goes on counting it as still to come (seen with 2.10.27), so the last one ends the reading too.
 *
 * @param handler  returns false to end the reading
 */
export async function readUpTo(
  bus: Bus,
  stream: string,
  last: number,
  handler: (message: StoredMessage) => unknown,
  subjects?: readonly string[],
): Promise<void> {
  if (last === 0) return;
  let isOver = false;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const hear = (message: StoredMessage): void => {
    if (isOver) return;
    if (message.seq <= last && handler(message) !== false && message.seq < last) return;
    isOver = true;
    end();
  };
  const reading = await bus.read(stream, 1, hear, subjects);
  try {
    await within(Promise.race([reading.caughtUp, ended]), readTimeoutMs, `reading ${stream}`);
  } finally {
    isOver = true;
    await reading.stop();
  }
}
