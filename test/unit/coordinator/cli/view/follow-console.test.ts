import assert from "node:assert/strict";
import { test } from "node:test";
import { followConsole } from "../../../../../coordinator/cli/view/view-console.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import { workspacePaths } from "../../../../../shared/machine/workspace.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";
import { encodeEvents, encodeEvidence } from "../../../../../shared/wire/messages.ts";
import { evidence, streams } from "../../../../../shared/wire/subjects.ts";
import { JobStory, workerOf } from "../../../../support/stories/job-story.ts";

test("following a console keeps what comes before its assignment, and looks at no other's messages again", async () => {
  const story = new JobStory({ number: 1 });
  const n = story.started("run1.1", []);
  story.lost(n, "run1.1", "no sign of life");
  story.startedAgain(n, 2, "run1.1", []);
  story.endedWithout(n, "run1.1", "cancelled", "told to");
  const records = story.events.map((event, i): StoredMessage => {
    // The run ends in its second attempt.
    const told = event.type === "ended" ? { ...event, attempt: 2 } : event;
    return { seq: i + 1, subject: "jrn.job1.job", msgId: `1.told.${i}`, data: encodeEvents([told]) };
  });
  const late = 3;
  const known = records.length - late;
  let looks = 0;
  const said = (seq: number, worker: ReturnType<typeof workerOf>, attempt: number, lines: string): StoredMessage => {
    const data = encodeEvidence({ attempt, reports: [], lines });
    const subject = evidence(worker, story.job, n, "report");
    return {
      ...{ seq, msgId: `${seq}`, data },
      get subject() {
        looks += 1;
        return subject;
      },
    };
  };
  const mal = workerIdFrom("mal");
  const held = workerOf("run1.1");
  let hear: (message: StoredMessage) => void = () => undefined;
  let looksAtFirst = 0;
  const read: Bus["read"] = async (stream, _from, handle) => {
    if (stream === streams.journal) {
      hear = handle;
      for (const each of records.slice(0, known)) handle(each);
    } else {
      for (let seq = 1; seq <= 500; seq += 1) handle(said(seq, mal, 1, "junk\n"));
      handle(said(501, held, 2, "early\n"));
      looksAtFirst = looks;
      setImmediate(() => {
        for (const each of records.slice(known)) hear(each);
      });
    }
    return { caughtUp: Promise.resolve(), stop: async () => undefined };
  };
  const bus = { lastSeq: async () => known, read } as unknown as Bus; // nothing else is asked
  const told: string[] = [];
  const output = { result: (text: string) => void told.push(text), note: () => undefined };
  const scope = { paths: workspacePaths("ws1", { HOME: "/nowhere" }), flags: "" };
  await followConsole(bus, "run1.1", scope, {}, output);
  assert.deepEqual(
    [/early/, /junk/].map((word) => word.test(told.join(""))),
    [true, false],
  );
  assert.ok(looks - looksAtFirst < 20, `${looks - looksAtFirst} messages were read again`);
});
