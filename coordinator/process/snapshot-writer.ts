/**
 * A process of low priority that folds the journal and stores a snapshot of it. The leader has the same state in memory, but
 * would freeze while it wrote a million runs. The order comes on stdin, since it holds secrets.
 */

import { setPriority } from "node:os";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { readSeals } from "../../shared/broker/store/seal-file.ts";
import { writeSnapshot } from "../../shared/broker/store/snapshots.ts";
import { connectAs, withSeals } from "../../shared/broker/workspace-link.ts";
import { exitCode, explain } from "../../shared/errors.ts";
import { workspaceAt } from "../../shared/machine/workspace.ts";
import type { SnapshotOrder } from "./snapshot-process.ts";

const nice = 10;

try {
  setPriority(nice);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const { url, credentials, workspace } = JSON.parse(Buffer.concat(chunks).toString()) as SnapshotOrder; // the coordinator wrote it
  const bus = withSeals(await connectAs(url, credentials, "coordinator"), readSeals(workspaceAt(workspace)));
  try {
    await writeSnapshot(bus, await readJournal(bus));
  } finally {
    await bus.close();
  }
} catch (error) {
  process.stderr.write(`${explain(error, "the snapshot's writer").text}\n`);
  process.exitCode = exitCode.failure;
}
