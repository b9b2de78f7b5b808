import type { Output } from "../../operator/output.ts";
import { type GlobalOptions, scopeOf } from "../../operator/scope.ts";
import { joinCommand, keepSecret } from "../../peers/invitation.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus peers invite`: the line that makes another machine of the list a peer. */
export function invitePeer(
  globals: GlobalOptions,
  { json }: { readonly json?: boolean | undefined },
  output: Output,
): void {
  const scope = scopeOf(globals);
  const file = peersOf(scope);
  const command = joinCommand(scope.paths, file);
  if (json) {
    output.result(`${JSON.stringify({ type: "peers-invite", v: 1, workspace: scope.paths.name, command })}\n`);
    return;
  }
  output.result(`${command}\n`);
  output.note(`  type it on each of the other machines, once; ${keepSecret}\n`);
}
