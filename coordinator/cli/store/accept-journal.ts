import { JournalFooting } from "../../../shared/broker/store/journal-footing.ts";
import { UsageError } from "../../../shared/errors.ts";
import { livingEndpoint } from "../../endpoint/endpoint.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";

/** `nexus repair --accept-journal`: believes the whole journal as it is now, whoever wrote it. */
export async function acceptJournal({ scope, output }: Session, { json }: JsonOption): Promise<void> {
  const { paths, flags } = scope;
  if (livingEndpoint(paths))
    throw new UsageError(`a coordinator of ${paths.name} runs on this machine; end it first: nexus-coord${flags} stop`);
  const journal = await withLink(scope, "coordinator", ({ bus }) => JournalFooting.accept(bus, paths), {
    unchecked: true,
  });
  if (json) {
    output.result(`${JSON.stringify({ type: "accept-journal", v: 1, workspace: paths.name, journal })}\n`);
    return;
  }
  output.result(
    `${paths.name}: the journal is believed up to record ${journal}, as it is; later records need the seal\n`,
  );
  output.note(`  to go on: nexus-coord${flags}\n`);
}
