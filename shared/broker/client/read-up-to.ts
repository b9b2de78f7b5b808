import type { Bus, StoredMessage } from "../../ports.ts";
import { pause, within } from "../../time/deadline.ts";
import { Ending } from "../../time/ending.ts";

const readTimeoutMs = 600_000;
/** After this time, a copy that is behind has heard from the others. */
const behindMs = 3000;

/**
 * Hands over a stream's messages from `first` to `last`, as far as they exist.
 *
 * A server that leaves out a damaged message still counts it as pending (seen with 2.10.27), so the last message ends
 * the reading too. The copy that is read may be behind the one that reported `last` (seen with three peers), so without
 * `subjects` the reading waits for further messages. It waits in vain if the last message is gone, which happens only
 * in damaged stores.
 *
 * @param handler  returns false to end the reading
 */
export async function readUpTo(
  bus: Pick<Bus, "read">,
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
  let newest = first - 1;
  const hear = (message: StoredMessage): void => {
    if (over.aborted) return;
    newest = message.seq;
    if (message.seq <= last && handler(message) !== false && message.seq < last) return;
    over.abort();
  };
  const reading = await bus.read(stream, first, hear, subjects, sizesOnly);
  try {
    await within(Promise.race([reading.caughtUp, over.ended]), readTimeoutMs, `reading ${stream}`);
    for (let before = -1; !subjects && !over.aborted && before < newest; ) {
      before = newest;
      await pause(behindMs, over);
    }
  } finally {
    over.abort();
    await reading.stop();
  }
}
