import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  quotaNames,
  quotaProblem,
  quotasWith,
  quotaText,
  roomBytes,
  usualQuotas,
} from "../../../../shared/domain/quotas.ts";
import { quotaReader, readQuotaFile, setQuotas } from "../../../../shared/machine/quota-file.ts";
import { workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

describe("quotas", () => {
  test("quotas are the usual ones where nothing is set, and otherwise what was set", () => {
    assert.deepEqual(quotasWith({}), usualQuotas);
    const texts = {
      messages: "40/2000",
      bytes: "4MB / 1 GB",
      evidence: "70%",
      states: "8GB",
      waiting: "12",
      nonsense: "1",
    };
    const limits = quotasWith(texts);
    assert.deepEqual(limits.messages, { perSecond: 40, atOnce: 2000 });
    assert.deepEqual(limits.bytes, { perSecond: 4e6, atOnce: 1e9 });
    assert.deepEqual([limits.evidence, limits.pieces, limits.waiting], [{ share: 0.7 }, { bytes: 8e9 }, 12]);
    assert.deepEqual(limits.asks, usualQuotas.asks);
    assert.deepEqual(
      (["messages", "bytes", "evidence", "states", "waiting", "starts"] as const).map((name) =>
        quotaText(name, limits),
      ),
      ["40/2000", "4.0 MB/1000 MB", "70%", "8000 MB", "12", "0.33/30"],
    );
  });

  test("a quota is refused where its text says nothing that a quota can be", () => {
    for (const name of quotaNames) {
      assert.match(quotaProblem(name, "much") ?? "", new RegExp(`^quota ${name}: expected .* such as ${name}=`));
      const example = /such as .*=(.*)$/.exec(quotaProblem(name, "") ?? "")?.[1] ?? "";
      assert.equal(quotaProblem(name, example), undefined);
    }
    for (const text of ["40", "0/10", "40/0", "-1/5", "40/2000/1", "1e3/5"])
      assert.match(quotaProblem("messages", text) ?? "", /so many a second, a slash, and so many at once/, text);
    for (const text of ["101%", "half", "-5%", "0", "0%", "00%", "0MB"]) {
      for (const name of ["evidence", "states", "results"]) assert.ok(quotaProblem(name, text), text);
      assert.deepEqual(quotasWith({ evidence: text }), usualQuotas);
    }
    assert.match(quotaProblem("constructor", "1") ?? "", /there is no quota constructor; expected one of questions, /);
  });

  test("a quota that is a share is of what a stream takes, and no limit where the stream takes anything", () => {
    assert.equal(roomBytes({ share: 0.1 }, 1000), 100);
    assert.equal(roomBytes({ bytes: 70 }, 1000), 70);
    assert.equal(roomBytes({ share: 0.1 }, -1), Number.POSITIVE_INFINITY);
  });

  test("quotas that were typed are remembered in a file, until they are to be as usual", () => {
    const paths = workspacePaths("ws1", { HOME: temporaryFolder() });
    mkdirSync(paths.dir, { recursive: true });
    setQuotas(paths, ["messages=40/2000", "evidence=1GB"]);
    setQuotas(paths, ["messages=usual"]);
    assert.deepEqual(readQuotaFile(paths), { texts: { evidence: "1GB" }, problems: [] });
    assert.throws(
      () => setQuotas(paths, ["states=10%", "sent=fast"]),
      /--quota sent=fast: quota sent: expected so many/,
    );
    assert.throws(() => setQuotas(paths, ["nothing=usual"]), /there is no quota nothing/);
    assert.deepEqual(readQuotaFile(paths).texts, { evidence: "1GB" });
    writeFileSync(paths.quotas, JSON.stringify({ waiting: 7, bytes: "lots", evil: {} }));
    const { texts, problems } = readQuotaFile(paths);
    assert.deepEqual(texts, { waiting: "7" });
    assert.equal(problems.length, 2);
    assert.match(problems.join(), /quotas\.json: quota bytes: expected/);
  });

  test("quotas hold on while their file cannot be read, which is told once", () => {
    const paths = workspacePaths("ws1", { HOME: temporaryFolder() });
    mkdirSync(paths.dir, { recursive: true });
    const told: string[] = [];
    const limits = quotaReader(paths, (problem) => told.push(problem));
    setQuotas(paths, ["waiting=7"]);
    assert.equal(limits().waiting, 7);
    rmSync(paths.quotas);
    mkdirSync(paths.quotas);
    for (let i = 0; i < 2; i += 1) assert.equal(limits().waiting, 7);
    assert.equal(told.length, 1);
    assert.match(told.join(), /quotas\.json cannot be read: EISDIR/);
    rmSync(paths.quotas, { recursive: true });
    assert.equal(limits().waiting, usualQuotas.waiting);
  });
});
