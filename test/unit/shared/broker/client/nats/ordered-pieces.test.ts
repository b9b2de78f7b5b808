import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OrderedPieces } from "../../../../../../shared/broker/client/nats/ordered-pieces.ts";
import { BusError } from "../../../../../../shared/ports.ts";

const bytes = Buffer.from("piece");

/** What was asked, and how it came back. */
async function asked(
  version: string | undefined,
  answers: readonly (BusError["reason"] | "piece")[],
): Promise<readonly string[]> {
  const pieces = new OrderedPieces();
  const said: string[] = [];
  for (const answer of answers) {
    const inOrder = async (question: string): Promise<Uint8Array> => {
      assert.deepEqual(JSON.parse(question), { seq: 1, next_by_subj: "ck.a" });
      said.push("in order");
      if (answer === "piece") return bytes;
      throw new BusError(answer, answer);
    };
    const bySubject = async (): Promise<Uint8Array> => {
      said.push("by subject");
      return bytes;
    };
    await pieces.get(version, "ck.a", inOrder, bySubject).catch((error: unknown) => {
      assert.ok(error instanceof BusError);
      said.push(`failed: ${error.reason}`);
    });
  }
  return said;
}

describe("pieces in order", () => {
  it("pieces are asked for in order from servers before 2.11, and by their subjects from others", async () => {
    assert.deepEqual(await asked("2.10.27", ["piece", "piece"]), ["in order", "in order"]);
    for (const version of ["2.11.0", "2.15.1", "3.0.0", undefined])
      assert.deepEqual(await asked(version, ["piece"]), ["by subject"]);
  });

  it("pieces are asked for by subject from a server's first refusal on", async () => {
    for (const reason of ["refused", "no answer in time"] as const)
      assert.deepEqual(await asked("2.10.27", [reason, "piece"]), ["in order", "by subject", "by subject"]);
    const later = await asked("2.10.27", ["piece", "refused", "piece"]);
    assert.deepEqual(later, ["in order", "in order", "by subject", "by subject"], "where it was let before");
  });

  it("pieces are asked for in order again after a moment in which nobody answered", async () => {
    const seen = await asked("2.10.27", ["nobody answered", "piece"]);
    assert.deepEqual(seen, ["in order", "by subject", "in order"]);
  });

  it("a piece fails as any request once pieces came in order, or while there is no connection", async () => {
    const late = await asked("2.10.27", ["piece", "no answer in time"]);
    assert.deepEqual(late, ["in order", "in order", "failed: no answer in time"]);
    assert.deepEqual(await asked("2.10.27", ["closed"]), ["in order", "failed: closed"]);
  });
});
