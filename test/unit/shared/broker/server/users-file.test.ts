import assert from "node:assert/strict";
import { test } from "node:test";
import { workersConfiguration } from "../../../../../shared/broker/access/accounts.ts";
import { inviteKey, newInviteCode } from "../../../../../shared/broker/access/invite-code.ts";
import { newUserPair } from "../../../../../shared/broker/nkey.ts";
import { withoutRefused } from "../../../../../shared/broker/server/users-file.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";

const workers = ["a", "b", "c"].map((id) => ({ id: id as WorkerId, publicKey: newUserPair().publicKey }));
const invite = inviteKey(newInviteCode(0));
const text = workersConfiguration({ workers, invites: [invite] }, (problem) => assert.fail(problem));
const lineOf = (word: string): number => text.split("\n").findIndex((line) => line.includes(word)) + 1;

test("the entry that nats-server complains of is found by its line, its key or its subject", () => {
  const b = workers[1]?.publicKey ?? "";
  const complaints: readonly [string, string][] = [
    [`/w/secrets/workers.conf:${lineOf(b)}:71: Not a valid public nkey for a user`, "worker b"],
    [`workers.conf:3:3: Duplicate nkey "${b}" detected`, "worker b"],
    ['subject "ev.c.>" is not a valid subject', "worker c"],
    [`workers.conf:${lineOf(invite.publicKey)}:1: something new`, `invitation ${invite.id}`],
  ];
  for (const [complaint, whose] of complaints) {
    const found = withoutRefused(text, complaint);
    assert.equal(found?.whose, whose);
    assert.equal(found.text.split("\n").length, text.split("\n").length - 1);
  }
});

test("a complaint of nats-server about something else names no entry", () => {
  for (const complaint of ["", "workers.conf:1:1: unknown field", "nats-server.conf:999:1: no", 'unknown "thing"'])
    assert.equal(withoutRefused(text, complaint), undefined, complaint);
});
