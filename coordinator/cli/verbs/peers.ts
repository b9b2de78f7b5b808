import type { MoveOptions } from "../peers/move.ts";
import { examples } from "./examples.ts";
import * as help from "./peers-help.ts";
import type { AddVerbs } from "./verb.ts";

export const addPeers: AddVerbs = (program, { globals, output, exit }) => {
  const peers = program
    .command("peers")
    .description("the machines that the workspace lives on: who is in touch, whose copies are up to date, who leads")
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.peers)
    .action(async (options: { json?: boolean }) => {
      exit(await (await import("../peers/list-peers.ts")).listPeers(globals(), options, output));
    });
  peers
    .command("invite")
    .description("print the line that brings another machine of the list in; it holds passwords")
    .option("--json", "one JSON object")
    .addHelpText("after", examples("nexus peers invite", "nexus peers invite | ssh lab2 nexus-coord --peers-join -"))
    .action(async () => {
      (await import("../peers/invite-peer.ts")).invitePeer(globals(), peers.opts<{ json?: boolean }>(), output);
    });
  peers
    .command("replace <old> <new>")
    .description("another machine takes the place of one that died for good")
    .option("--yes", "do it without asking")
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.replace)
    .action(async (old: string, next: string, { yes }: { yes?: boolean }) => {
      // The word before, nexus peers, has the same option and takes it.
      const { json } = peers.opts<{ json?: boolean }>();
      await (await import("../peers/replace-peer.ts")).replacePeer(globals(), { old, next }, { yes, json }, output);
    });
  program
    .command("move")
    .description("carry the workspace from a broker alone to peers, or back to this machine alone")
    .option("--to-peers <a,b,c>", "to these three (or five) machines, of which this is one")
    .option("--to-single", "from its peers to this machine alone")
    .option("--cancel", "after a move that was interrupted: stay")
    .option("--listen <host:port>", "which of the peers this machine is, where its addresses do not say")
    .option("--yes", "do it without asking")
    .option("--json", "one JSON object")
    .addHelpText("after", help.move)
    .action(async (options: MoveOptions) => {
      await (await import("../peers/move.ts")).move(globals(), options, output);
    });
};
