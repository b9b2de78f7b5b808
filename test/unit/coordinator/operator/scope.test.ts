import assert from "node:assert/strict";
import { test } from "node:test";
import { scopeOf, withOperatorLink } from "../../../../coordinator/operator/scope.ts";
import { parsePeerList } from "../../../../shared/broker/peers/peer-list.ts";
import { newPeers, writePeers } from "../../../../shared/broker/peers/peers.ts";
import { UnreachableError } from "../../../../shared/errors.ts";
import { createWorkspace } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("an order on a machine whose server is down goes to the other peers, or names those that are missing", async () => {
  const scope = scopeOf({}, { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(scope.paths);
  const order = (): Promise<void> => withOperatorLink(scope, async () => assert.fail("nobody is there"));
  await assert.rejects(order(), /no coordinator answers in workspace ws1; start one: nexus-coord$/);
  // Nothing listens on these ports.
  const peers = parsePeerList("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3");
  const self = peers[0]?.id ?? "";
  writePeers(scope.paths, { ...newPeers("ws1", peers), self, bind: "127.0.0.1", makesStreams: false });
  await assert.rejects(order(), (error: Error) => {
    assert.ok(error instanceof UnreachableError, error.stack);
    assert.match(
      error.message,
      /^workspace ws1 waiting: 0 of 3 peers are up and 2 are needed \(127\.0\.0\.1:1 does not/,
    );
    return true;
  });
});
