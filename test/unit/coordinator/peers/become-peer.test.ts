import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { preparePeers } from "../../../../coordinator/peers/become-peer.ts";
import { readPeers } from "../../../../shared/broker/peers/peers.ts";
import { readSeals, sealFile } from "../../../../shared/broker/store/seal-file.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("commands that peers and damaged secrets ask for name the workspace", async () => {
  const { XDG_DATA_HOME: home } = process.env;
  process.env["XDG_DATA_HOME"] = temporaryFolder();
  try {
    const peers = "127.0.0.1:4222,127.0.0.2:4222,127.0.0.3:4222";
    await assert.rejects(
      preparePeers("lab", { peers, listen: "127.0.0.2:4222" }),
      /nexus-coord --peers \S+ --workspace lab\n.* nexus peers invite --workspace lab\n/,
    );
    const paths = workspacePaths("lab");
    createWorkspace(paths);
    for (const file of [paths.peers, sealFile(paths)]) writeFileSync(file, "{");
    assert.throws(() => readPeers(paths), /nexus peers invite --workspace lab, on another peer/);
    assert.throws(() => readSeals(paths), /nexus --workspace lab repair --accept-journal/);
  } finally {
    if (home === undefined) delete process.env["XDG_DATA_HOME"];
    else process.env["XDG_DATA_HOME"] = home;
  }
});
