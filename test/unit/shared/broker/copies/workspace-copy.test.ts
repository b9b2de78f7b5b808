import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoordinatorBus } from "../../../../../shared/broker/client/bus.ts";
import type { Backup } from "../../../../../shared/broker/copies/backup-file.ts";
import { unpackWorkspace } from "../../../../../shared/broker/copies/workspace-copy.ts";

/** A broker that refuses to restore EV, and perhaps to delete what it has restored. */
function broker(deletes: boolean): CoordinatorBus {
  const held = new Set<string>();
  const answer = (verb = "", stream = ""): object => {
    if (verb === "RESTORE" && stream === "EV")
      return { error: { err_code: 10047, description: "insufficient storage" } };
    if (verb === "RESTORE") held.add(stream);
    if (verb === "DELETE" && deletes) held.delete(stream);
    if (verb === "INFO" && !held.has(stream)) return { error: { err_code: 10059, description: "stream not found" } };
    return { deliver_subject: `deliver.${stream}`, config: {}, state: { messages: 0, first_seq: 0, last_seq: 0 } };
  };
  const request = async (subject: string): Promise<Uint8Array> => {
    const [, , , verb, stream] = subject.split(".");
    return Buffer.from(JSON.stringify(answer(verb, stream)));
  };
  return { request } as unknown as CoordinatorBus; // nothing else is asked before it refuses
}

test("a restore that is refused says that nothing of it is left only if the broker says so", async () => {
  const packed = { config: {}, state: {} };
  const streams = ["JRN", "EV", "BLOB"].map((name) => ({
    name,
    packed: { ...packed, config: { name } },
    chunks: () => [],
  }));
  const backup = { streams, tail: [] } as unknown as Backup; // as far as it is unpacked
  for (const deletes of [true, false]) {
    const heard: string[] = [];
    const restored = unpackWorkspace(broker(deletes), backup, {
      storeDir: null,
      replicas: 1,
      onBegin: () => heard.push("begun"),
      onUndone: () => heard.push("undone"),
    });
    await assert.rejects(restored, /insufficient storage/);
    assert.deepEqual(heard, deletes ? ["begun", "undone"] : ["begun"]);
  }
});
