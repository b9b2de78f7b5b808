import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { announceLead, type Station } from "../../../../coordinator/process/station.ts";
import { workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a peer's coordinator takes and loses the lead although its endpoint cannot be written", () => {
  const paths = workspacePaths("ws1", { HOME: temporaryFolder() });
  // A folder is in the file's place, as nothing else fails for root too.
  mkdirSync(paths.endpoint, { recursive: true });
  const logged: unknown[] = [];
  const log = { error: (line: unknown) => logged.push(line) };
  // Only these are looked at before it fails.
  const station = { paths, peers: {}, held: { url: "nats://127.0.0.1:1" }, own: { pid: 1 }, log } as unknown as Station;
  for (const leads of [true, false]) announceLead(station, "nats://127.0.0.1:1", leads);
  assert.equal(logged.length, 2);
});
