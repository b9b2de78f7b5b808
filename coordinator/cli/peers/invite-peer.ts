import type { JsonOption, Session } from "../../operator/session.ts";
import { joinCommand, keepSecret } from "../../peers/invitation.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus peers invite`: the line that makes another machine of the list a peer. */
export function invitePeer({ scope, output }: Session, { json }: JsonOption): void {
  const file = peersOf(scope);
  const command = joinCommand(scope.paths, file);
  if (json) {
    output.result(`${JSON.stringify({ type: "peers-invite", v: 1, workspace: scope.paths.name, command })}\n`);
    return;
  }
  output.result(`${command}\n`);
  output.note(`  type it on each of the other machines, once; ${keepSecret}\n`);
}
