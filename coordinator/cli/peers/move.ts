import { openStreams } from "../../../shared/broker/store/closed-streams.ts";
import { UsageError } from "../../../shared/errors.ts";
import { consentOf } from "../../operator/consent.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { moveToPeers } from "./move-to-peers.ts";
import { moveToSingle } from "./move-to-single.ts";

export interface MoveOptions extends JsonOption {
  readonly toPeers?: string | undefined;
  readonly toSingle?: boolean | undefined;
  readonly cancel?: boolean | undefined;
  readonly listen?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** `nexus move`: moves a workspace from a single broker to peers, or back to this machine alone. */
export async function move(session: Session, options: MoveOptions): Promise<void> {
  const { scope, output } = session;
  if ([options.toPeers, options.toSingle, options.cancel].filter(Boolean).length !== 1) {
    throw new UsageError("nexus move: expected one of --to-peers a,b,c, --to-single, --cancel");
  }
  if (scope.external) {
    throw new UsageError(
      `workspace ${scope.paths.name} lives on the NATS servers at ${scope.external.url}\n  to move it from there: nexus backup FILE, then nexus --nats own restore FILE`,
    );
  }
  if (options.cancel) {
    await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
    const told = { type: "move", v: 1, workspace: scope.paths.name, to: "stay" };
    if (options.json) output.result(`${JSON.stringify(told)}\n`);
    else output.result(`workspace ${scope.paths.name} stays where it is, and accepts what workers publish\n`);
    return;
  }
  const consent = consentOf(options.yes, session);
  if (options.toSingle) await moveToSingle(scope, options, consent, output);
  else await moveToPeers(scope, options, consent, output);
}
