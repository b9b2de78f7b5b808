import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  howToTake,
  keptPlaces,
  mostBefore,
  mostWorkers,
  tooMany,
} from "../../../../../coordinator/leader/orders/enrolment.ts";
import { aMinute, Enrolments, readOfOne, unreadOfOne } from "../../../../../coordinator/leader/reign/enrolments.ts";
import { eventText } from "../../../../../coordinator/words/event-words.ts";
import { inviteKey, newInviteCode } from "../../../../../shared/broker/access/invite-code.ts";
import { workerOf } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { decodeOrderAnswer, encodeOrderAnswer } from "../../../../../shared/wire/messages.ts";
import { Door, hourMs, refusal, signedEnrolment } from "../../../../support/stories/enrolments.ts";

describe("how many machines enrol, and how fast", () => {
  /** How `count` enrolments that come at once are taken: a number for each way. */
  function taken(door: Door, count: number, invite = door.invite): Record<string, number> {
    const how: Record<string, number> = {};
    for (let i = 0; i < count; i += 1) {
      const each = howToTake(door.story.test.reign, invite);
      how[each] = (how[each] ?? 0) + 1;
    }
    return how;
  }

  test("enrolments by one invitation are read at a limited rate, and the others told to come later", async () => {
    const door = await Door.open();
    assert.deepEqual(taken(door, 300), { read: readOfOne.atOnce, later: 250 });
    door.story.test.now += 2000;
    assert.deepEqual(taken(door, 300), { read: 2 * readOfOne.perSecond, later: 290 });
    assert.equal(door.ended, "");
    const answer = decodeOrderAnswer(encodeOrderAnswer(tooMany(door.story.test.reign)));
    assert.deepEqual([answer.ok, answer.code, answer.op], [false, "later", undefined]);
  });

  test("an invitation whose holders ask far too much is withdrawn; those who hold another go on", async () => {
    const door = await Door.open();
    const other = newInviteCode(hourMs);
    await door.ask({ kind: "invite", publicKey: inviteKey(other).publicKey });
    const told = door.story.test.published;
    const { read: _, later, ...rest } = taken(door, 100_000);
    assert.equal(later, unreadOfOne.atOnce);
    // Once too many went unread, requests that come before the broker closes the connections get no answer.
    assert.deepEqual(rest, { "no answer": 100_000 - unreadOfOne.atOnce - 2 * readOfOne.atOnce });
    assert.equal(door.ended, "its holders asked to enrol far more than 5 times a second");
    assert.equal(door.story.test.published, told + 1);
    const [ended, ...more] = door.story.test.events.filter(({ type }) => type === "invite-ended");
    assert.equal(more.length, 0);
    assert.match(
      (ended && eventText(ended, undefined)?.text) ?? "",
      /^invitation \w+ is over: its holders asked to enrol/,
    );
    assert.match(
      refusal(await door.enrol(signedEnrolment(door.code, "lab"))),
      /is over: its holders asked to enrol far/,
    );
    assert.equal(taken(door, 1, inviteKey(other).id)["read"], 1);
    assert.equal((await door.enrol(signedEnrolment(other, "lab"), inviteKey(other).id))?.ok, true);
    door.story.check();
  });

  test("a few enrolments by unknown invitations are read, whatever their ids, and none is remembered", async () => {
    const door = await Door.open();
    let read = 0;
    for (let i = 0; i < 1000; i += 1) if (howToTake(door.story.test.reign, `no${i}`) === "read") read += 1;
    assert.equal(read, readOfOne.atOnce);
  });

  test("more machines than the broker lets in at once all get in by one line, and it stays open", async () => {
    const door = await Door.open();
    const { test: world } = door.story;
    const out = Array.from({ length: 320 }, (_, i) => signedEnrolment(door.code, `lab-${i}`));
    // As many as the broker lets in. Each asks every three seconds, at a moment of its own.
    const inside = out.splice(0, 256).map((enrolment, i) => ({ enrolment, at: (3000 * i) / 256 }));
    const minutes = (): number => world.now / 60_000;
    for (; inside.length > 0; world.now += 100) {
      assert.ok(minutes() < 3.5, `${inside.length + out.length} still wait, where 120 a minute may come`);
      for (const each of inside.filter(({ at }) => at <= world.now)) {
        each.at += 3000;
        if (howToTake(world.reign, door.invite) !== "read") continue;
        if ((await door.enrol(each.enrolment))?.ok !== true) continue;
        inside.splice(inside.indexOf(each), 1);
        const next = out.shift();
        if (next) inside.push({ enrolment: next, at: world.now + 100 });
      }
    }
    assert.equal(door.workers.length, 320);
    assert.equal(door.ended, "");
  });

  test("machines that come too fast are told to wait, and join later", async () => {
    const door = await Door.open();
    for (let i = 0; i < aMinute.ofOne; i += 1)
      assert.equal((await door.enrol(signedEnrolment(door.code, `lab-${i}`)))?.ok, true);
    const late = signedEnrolment(door.code, "late");
    const answer = await door.enrol(late);
    assert.equal(answer?.code, "later");
    assert.match(refusal(answer), /120 machines enrolled within a minute, as many as may; asking again in 60 s/);
    const other = newInviteCode(hourMs);
    await door.ask({ kind: "invite", publicKey: inviteKey(other).publicKey });
    assert.equal((await door.enrol(signedEnrolment(other, "in-time"), inviteKey(other).id))?.name, "in-time");
    door.story.test.now += 60_001;
    assert.equal((await door.enrol(late))?.name, "late");
  });

  test("holders of many invitations together enrol five times as fast as those of one", () => {
    const enrolments = new Enrolments();
    for (let i = 0; i < aMinute.ofAll; i += 1) {
      assert.equal(enrolments.wait(`of${i % 10}`, i), undefined);
      enrolments.done(`of${i % 10}`, i);
    }
    assert.deepEqual(enrolments.wait("late", 1000), { ms: 59_000, behind: 600 });
    assert.equal(enrolments.wait("late", 60_000), undefined);
  });

  test("an invitation for any number of machines that has brought very many gets none of the last places", async () => {
    const door = await Door.open();
    const { state } = door.story.test.reign;
    for (let i = 0; state.workers.size < mostWorkers - keptPlaces; i += 1)
      workerOf(state, `w${i}` as WorkerId).invite = i < mostBefore ? door.invite : "";
    const counted = newInviteCode(hourMs);
    await door.ask({ kind: "invite", publicKey: inviteKey(counted).publicKey, uses: 2000 });
    const other = newInviteCode(hourMs);
    await door.ask({ kind: "invite", publicKey: inviteKey(other).publicKey, uses: null });
    assert.match(
      refusal(await door.enrol(signedEnrolment(door.code, "lab"))),
      /has 9000 workers, 1000 of them by invitation \w+, and keeps its last places for others'\n.*forget NAME.*--uses N/,
    );
    for (const code of [counted, other])
      assert.equal((await door.enrol(signedEnrolment(code, "lab"), inviteKey(code).id))?.ok, true);
  });

  test("a workspace takes at most ten thousand workers, and says how to forget some", async () => {
    const door = await Door.open();
    const { state } = door.story.test.reign;
    for (let i = 0; state.workers.size < mostWorkers; i += 1) workerOf(state, `w${i}` as WorkerId);
    assert.match(
      refusal(await door.enrol(signedEnrolment(door.code, "lab"))),
      /has 10000 workers.*\n.*nexus workers forget NAME/,
    );
  });
});
