import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BusCredentials } from "../../shared/broker/client/connect.ts";
import type { Log } from "../../shared/log.ts";

/** Order for the process that writes a snapshot. */
export interface SnapshotOrder {
  readonly url: string;
  readonly credentials: BusCredentials;
  /** The workspace's folder, which holds the keys that seal the snapshot. */
  readonly workspace: string;
}

const writerProgram = fileURLToPath(new URL("./snapshot-writer.js", import.meta.url));
const mostComplaints = 2000;
const longestMs = 300_000;

/** Starts a process that writes a snapshot of the journal; resolves when it has ended, successfully or not. */
export async function writeSnapshotApart(order: SnapshotOrder, log: Log, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [writerProgram], {
    stdio: ["pipe", "ignore", "pipe"],
    timeout: longestMs,
    signal,
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-mostComplaints);
  });
  child.stdin.on("error", (error) =>
    log.debug({ error: error.message }, "the snapshot's writer did not get its order"),
  );
  child.stdin.end(JSON.stringify(order));
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    child.once("error", (error) => {
      if (!signal.aborted) log.warn({ error: error.message }, "no snapshot was written");
      resolve();
    });
    child.once("close", (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      if (code === 0) log.info({ seconds }, "a snapshot of the journal was written");
      else if (!signal.aborted) log.warn({ code, complaints }, "no snapshot was written");
      resolve();
    });
  });
}
