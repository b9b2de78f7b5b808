import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { encodeEvents } from "../../shared/wire/messages.ts";

/** Bytes of one record: what a NATS server takes as it comes (1 MiB), less room for headers. */
const mostBytes = 1_000_000;

/** What is wrong with a record that the journal could not hold, for whoever asked for it; undefined: nothing. */
export function sizeProblem(event: JournalEvent): string | undefined {
  const bytes = encodeEvents([event]).length;
  if (bytes <= mostBytes) return undefined;
  const found = `it takes ${sizeText(bytes)} in the journal, where a record takes at most 1 MB`;
  return `${found}\n  import fewer runs, bring less code, or shorten the lists of values in the spec`;
}
