import type { JsonOption, Session } from "../../operator/session.ts";
import { invitationLine, joinCommand, keepSecret } from "../../peers/invitation.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus peers invite`: the line that makes another machine of the list a peer. */
export function invitePeer({ scope, output }: Session, { json }: JsonOption): void {
  const file = peersOf(scope);
  const line = invitationLine(scope.paths, file);
  if (json) {
    const invite = { type: "peers-invite", v: 1, workspace: scope.paths.name, command: joinCommand, line };
    output.result(`${JSON.stringify(invite)}\n`);
    return;
  }
  output.result(`${line}\n`);
  output.note(`  on each of the other machines, once, type ${joinCommand} and paste it; ${keepSecret}\n`);
}
