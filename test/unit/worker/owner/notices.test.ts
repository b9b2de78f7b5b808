import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { systemClock } from "../../../../shared/time/clock.ts";
import { awsNotices } from "../../../../worker/owner/notices/aws.ts";
import { azureNotices } from "../../../../worker/owner/notices/azure.ts";
import { gcpNotices } from "../../../../worker/owner/notices/gcp.ts";
import { type Metadata, metadataAt } from "../../../../worker/owner/notices/notice.ts";
import { type SpotWord, watchNotices } from "../../../../worker/owner/notices/watch-notices.ts";
import { atEnd } from "../../../support/cleanup.ts";
import {
  action,
  aws,
  awsWants,
  azure,
  azureWants,
  cloud,
  event,
  gcpWants,
  preempted,
  scheduled,
  wall,
} from "../../../support/clouds.ts";
import { patienceMs } from "../../../support/patience.ts";
import { silentLog } from "../../../support/stories/reign.ts";

const patient = (address: string): Metadata => metadataAt(address, patienceMs);

test("whoever answers without end in the place of a cloud is not read to that end", async () => {
  let sent = 0;
  const server = createServer((_, response) => {
    const bytes = Buffer.alloc(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(bytes)) sent += bytes.length;
    };
    response.on("drain", more).on("error", () => undefined);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  await assert.rejects(patient(`http://127.0.0.1:${port}`).ask("/x", {}), /answered with more than 65536 bytes/);
  assert.ok(sent < 50_000_000, `${sent} bytes were read or waited for`);
});

describe("a spot notice", () => {
  test("a spot notice of EC2 says when the instance goes", async () => {
    const calm = awsNotices(patient(await cloud(aws, awsWants)));
    assert.equal(await calm.isHere(), true);
    assert.equal(await calm.look(wall), null);
    const goes = { ...aws, [action]: '{"action": "terminate", "time": "2026-11-28T08:22:00Z"}' };
    assert.deepEqual(await awsNotices(patient(await cloud(goes, awsWants))).look(wall), {
      what: "EC2 takes this spot instance back (terminate)",
      leftMs: 120_000,
    });
    const odd = awsNotices(patient(await cloud({ ...aws, [action]: '{"action": "stop"}' }, awsWants)));
    await assert.rejects(odd.look(wall), /instance-action: expected a time, found undefined/);
    const old = awsNotices(patient(await cloud({ ...aws, "PUT /latest/api/token": 403 }, awsWants)));
    await assert.rejects(old.look(wall), /api\/token answered 403/);
  });

  test("a spot notice of Compute Engine gives 30 seconds", async () => {
    const at = async (answer: string) => gcpNotices(patient(await cloud({ [preempted]: answer }, gcpWants)));
    assert.equal(await (await at("FALSE")).look(wall), null);
    assert.equal((await (await at("TRUE\n")).look(wall))?.leftMs, 30_000);
    await assert.rejects((await at("MAYBE")).look(wall), /expected TRUE or FALSE, found "MAYBE"/);
  });

  test("a spot notice of Azure counts only if it names this machine", async () => {
    const at = async (answer: string) =>
      azureNotices(patient(await cloud({ ...azure, [scheduled]: answer }, azureWants)));
    const left = async (answer: string) => (await (await at(answer)).look(wall))?.leftMs;
    assert.equal(await left('{"DocumentIncarnation":1,"Events":[]}'), undefined);
    assert.equal(await left(event(["lab-vm-1"])), undefined);
    assert.equal(await left(event(["lab-vm-2"], "Reboot")), undefined);
    assert.equal(await left(event(["lab-vm-1", "lab-vm-2"])), 30_000);
    assert.equal(await left(event(["lab-vm-2"], "Preempt", "")), 30_000);
    await assert.rejects((await at("<html>")).look(wall), /expected JSON, found "<html>"/);
  });
});

describe("the watch for spot notices", () => {
  const watched = (word: SpotWord, address: string): Promise<string> =>
    new Promise((resolve) => {
      const end = watchNotices(
        { clock: { ...systemClock, wall: () => wall }, log: silentLog },
        word,
        {
          leaving: (why, graceMs) => resolve(`${why}, ${graceMs} ms`),
          said: (text) => {
            end();
            resolve(text);
          },
        },
        address,
        patienceMs,
      );
      atEnd(end);
    });

  test("the watch for spot notices hears how long the worker has, less what its own end takes", async () => {
    const goes = { ...aws, [action]: '{"action": "terminate", "time": "2026-11-28T08:22:00Z"}' };
    const said = "EC2 takes this spot instance back (terminate), 118000 ms";
    assert.equal(await watched("aws", await cloud(goes, awsWants)), said);
    assert.equal(await watched("auto", await cloud(goes, awsWants)), said);
    const google = await cloud({ [preempted]: "TRUE" }, gcpWants);
    assert.match(await watched("auto", google), /^Compute Engine .*, 28000 ms$/);
    const late = { ...azure, [scheduled]: event(["lab-vm-2"], "Preempt", "Sat, 28 Nov 2026 08:19:00 GMT") };
    assert.match(await watched("auto", await cloud(late, azureWants)), /^Azure .*, 1000 ms$/);
  });

  test("the watch for spot notices says that it cannot ask, and why", async () => {
    assert.match(await watched("gcp", await cloud({}, gcpWants)), /^no spot notices \(--spot gcp\): .*found undefined/);
    assert.match(await watched("auto", await cloud({}, {})), /none of aws, gcp and azure answers here/);
    assert.match(await watched("aws", "http://127.0.0.1:1"), /^no spot notices \(--spot aws\): /);
  });
});
