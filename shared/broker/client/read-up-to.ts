import { within } from "../../deadline.ts";
import { Ending } from "../../ending.ts";
import type { Bus, StoredMessage } from "../../ports.ts";

const readTimeoutMs = 600_000;

/**
 * Hands over a stream's messages from `first` to `last`, as far as they exist.
 *
 * A server that leaves out a damaged message still counts it as pending (seen with 2.10.27), so the last message ends it too.
 *
 * @param handler  returns false to end the reading
 */
export async function readUpTo(
  bus: Bus,
  stream: string,
  last: number,
  handler: (message: StoredMessage) => unknown,
  {
    first = 1,
    subjects,
    sizesOnly,
  }: { readonly first?: number; readonly subjects?: readonly string[]; readonly sizesOnly?: boolean } = {},
): Promise<void> {
  if (last < first) return;
  const over = new Ending();
  const hear = (message: StoredMessage): void => {
    if (over.aborted) return;
    if (message.seq <= last && handler(message) !== false && message.seq < last) return;
    over.abort();
  };
  const reading = await bus.read(stream, first, hear, subjects, sizesOnly);
  try {
    await within(Promise.race([reading.caughtUp, over.ended]), readTimeoutMs, `reading ${stream}`);
  } finally {
    over.abort();
    await reading.stop();
  }
}
