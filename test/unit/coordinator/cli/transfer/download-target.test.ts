import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DownloadTarget } from "../../../../../coordinator/cli/transfer/download-target.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const file = (path: string) => ({ path, sha256: undefined, content: async () => Buffer.from(`of ${path}`) });

test("a download is written under names that are safe, through no link, and says so", async () => {
  const root = temporaryFolder();
  const outside = temporaryFolder();
  mkdirSync(join(root, "run1.1"));
  symlinkSync(outside, join(root, "run1.1/logs"));
  symlinkSync(join(outside, "target"), join(root, "run1.1/link"));
  const said: string[] = [];
  const results: string[] = [];
  const output = { note: (text: string) => void said.push(text), result: (text: string) => void results.push(text) };
  const files = [".ssh/authorized_keys", "-rf", "a\u202eb", "logs/x", "link", "plain/y"].map(file);
  const target = new DownloadTarget({}, output);
  await target.putAll(root, "run1.1", files);
  for (const name of ["_.ssh/authorized_keys", "_-rf", "a_b", "plain/y"]) {
    assert.match(readFileSync(join(root, "run1.1", name), "utf8"), /^of /);
  }
  assert.ok(!existsSync(join(outside, "x")) && !existsSync(join(outside, "target")));
  target.sayAll(root);
  assert.match(
    said.join(""),
    /written under another name, which is safe here:\n {2}\.ssh\/authorized_keys is .*_\.ssh/,
  );
  assert.doesNotMatch(said.join(""), /\u202e/);
  assert.throws(
    () => target.failIfIncomplete(),
    /not written, since a link could lead anywhere \(2\):\n.*logs\/x: .*logs is a link\n.*link: .*link is a link/,
  );
  const forPrograms = new DownloadTarget({ json: true }, output);
  await forPrograms.putAll(root, "run1.1", files);
  forPrograms.sayAll(root);
  const { type, there, renamed } = JSON.parse(results.at(-1) ?? "");
  assert.deepEqual([type, there, renamed.length], ["download", 4, 3]);
});
