import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { awsNotices } from "../../../worker/owner/notices/aws.ts";
import { azureNotices } from "../../../worker/owner/notices/azure.ts";
import { gcpNotices } from "../../../worker/owner/notices/gcp.ts";
import { type Metadata, metadataAt, type NoticeSource } from "../../../worker/owner/notices/notice.ts";
import * as clouds from "../../support/clouds.ts";
import { patienceMs } from "../../support/patience.ts";

interface NoticeImplementation {
  readonly name: string;
  readonly source: (metadata: Metadata) => NoticeSource;
  /** Headers that its service asks for. */
  readonly wants: Readonly<Record<string, string>>;
  /** What the service answers while the machine may stay. */
  readonly calm: clouds.Answers;
  /** The answer that announces the end, and the request that gets it. */
  readonly end: readonly [request: string, answer: string];
}

export const noticeImplementations: readonly NoticeImplementation[] = [
  {
    name: "EC2",
    source: awsNotices,
    wants: clouds.awsWants,
    calm: clouds.aws,
    end: [clouds.action, '{"action": "terminate", "time": "2026-11-28T08:22:00Z"}'],
  },
  {
    name: "Compute Engine",
    source: gcpNotices,
    wants: clouds.gcpWants,
    calm: { [clouds.preempted]: "FALSE" },
    end: [clouds.preempted, "TRUE"],
  },
  {
    name: "Azure",
    source: azureNotices,
    wants: clouds.azureWants,
    calm: { ...clouds.azure, [clouds.scheduled]: '{"DocumentIncarnation":1,"Events":[]}' },
    end: [clouds.scheduled, clouds.event(["lab-vm-2"])],
  },
];

export function noticeSuite({ name, source, wants, calm, end: [request, told] }: NoticeImplementation): void {
  const at = async (answers: clouds.Answers): Promise<NoticeSource> =>
    source(metadataAt(await clouds.cloud(answers, wants), patienceMs));

  describe(`notices of ${name}`, () => {
    test(`notices of ${name} are looked for on its own machines only`, async () => {
      assert.equal(await (await at(calm)).isHere(), true);
      const elsewhere = await at({});
      assert.notEqual(await elsewhere.isHere().catch(() => "no answer"), true);
    });

    test(`notices of ${name} are none while the machine stays, also when asked again`, async () => {
      const staying = await at(calm);
      for (let i = 0; i < 3; i += 1) assert.equal(await staying.look(clouds.wall), null);
    });

    test(`notices of ${name} say in words what happens, and how much time is left`, async () => {
      const going = await at({ ...calm, [request]: told });
      const notice = await going.look(clouds.wall);
      assert.match(notice?.what ?? "", new RegExp(`^${name} takes this`));
      assert.ok((notice?.leftMs ?? 0) >= 30_000);
    });

    test(`notices of ${name} that cannot be understood, or asked for, are an error`, async () => {
      await assert.rejects((await at({ ...calm, [request]: "<html>" })).look(clouds.wall), /found/);
      await assert.rejects((await at({ ...calm, [request]: 503 })).look(clouds.wall), /answered 503/);
      await assert.rejects(source(metadataAt("http://127.0.0.1:1")).look(clouds.wall));
    });
  });
}
