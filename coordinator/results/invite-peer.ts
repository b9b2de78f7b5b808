import { joinCommand, keepSecret } from "../peers/invitation.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, scopeOf } from "./scope.ts";
import { peersOf } from "./workspace-peers.ts";

/** `nexus peers invite`: the line that makes another machine of the list a peer. */
export function invitePeer(globals: GlobalOptions, output: Output): void {
  const scope = scopeOf(globals);
  const file = peersOf(scope);
  output.result(`${joinCommand(scope.paths, file)}\n`);
  output.note(`  type it on each of the other machines, once; ${keepSecret}\n`);
}
