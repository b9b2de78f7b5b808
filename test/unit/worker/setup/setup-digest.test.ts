import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { serialize } from "node:v8";
import type { SetupWish } from "../../../../worker/setup/environments.ts";
import { plainInstalls } from "../../../../worker/setup/plain-installs.ts";
import { mentionsPip, setupDigest } from "../../../../worker/setup/setup-digest.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const python = { version: "3.12.4", path: "/usr/bin/python3.12", base: "/usr" };

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const installsIn = (wish: Pick<SetupWish, "commands" | "code">) =>
  plainInstalls(wish.commands, wish.code?.folder ?? null);
const digestOf = (wish: Omit<SetupWish, "network">, found = python): string =>
  setupDigest(wish, found, installsIn(wish));

/** What a job brings along; the checksum is that of all of it. */
const codeWith = (files: Readonly<Record<string, string>>) => ({
  folder: folderWith(files),
  sha256: JSON.stringify(files),
});

describe("the digest of a setup", () => {
  const commands = [["pip", "install", "-r", "requirements.txt"]];
  const digest = (files: Readonly<Record<string, string>>, wanted = commands, found = python): string =>
    digestOf({ commands: wanted, python: null, code: codeWith(files) }, found);
  const plain = { "requirements.txt": "numpy\n-r more/base.txt\n", "more/base.txt": "scipy\n", "train.py": "1" };

  test("a setup's digest is of commands, interpreter and the requirement files, if it only installs packages", () => {
    const usual = digest(plain);
    assert.match(usual, /^[0-9a-f]{64}$/);
    assert.equal(digest({ ...plain, "train.py": "2" }), usual, "nothing names it");
    assert.notEqual(digest({ ...plain, "requirements.txt": "numpy==2\n-r more/base.txt\n" }), usual);
    assert.notEqual(digest({ ...plain, "more/base.txt": "scipy==1\n" }), usual);
    assert.notEqual(digest(plain, [["pip", "install", "--requirement=requirements.txt"]]), usual);
    assert.notEqual(digest(plain, commands, { ...python, version: "3.12.5" }), usual);
  });

  test("a setup's digest is of all that the job brings along, if that could get into the environment", () => {
    const differs = (files: Readonly<Record<string, string>>, ...words: string[]): boolean =>
      digest({ ...plain, ...files, other: "1" }, [words]) !== digest({ ...plain, ...files, other: "2" }, [words]);
    const install = ["pip", "install", "-r", "requirements.txt"];
    const names = [
      "numpy",
      "torch>=2, <3 ; python_version < '3.13' # why",
      "six[a,b]==1.0 --hash=sha256:ab",
      "x @ https://h/x",
    ];
    const ofNames = ["-i https://h/simple", "--extra-index-url=https://h", "--only-binary :all:", ...names, ""].join(
      "\n",
    );
    assert.ok(
      !differs(
        { "requirements.txt": `${ofNames}numpy==1 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n` },
        ...install,
      ),
    );
    assert.ok(!differs({}, "python", "-m", "pip", "install", "-U", "pip", "numpy==2.*", "git+https://h/x.git@v1"));
    assert.ok(!differs({}, "uv", "pip", "install", "--requirement=requirements.txt", "--index-url", "https://h"));
    for (const words of [
      ["pip", "install", "."],
      ["pip", "install", "-e", "pkg"],
      ["pip", "install", "x.whl"],
    ])
      assert.ok(differs({}, ...words), words.join(" "));
    for (const words of [
      ["python", "-m", "build"],
      ["python", "make.py"],
      ["bash", "make.sh"],
      ["uv", "sync"],
    ])
      assert.ok(differs({}, ...words), words.join(" "));
    assert.ok(differs({}, "pip", "install", "--find-links", "wheels", "x"));
    assert.ok(differs({}, "pip", "install", "file:///x"));
    assert.ok(differs({}, "pip", "install", "-r", "../requirements.txt"));
    for (const line of [
      "./pkg",
      "-e .",
      "-r missing.txt",
      "x @ file:pkg",
      "a.whl",
      "a.w\\\nhl",
      "-f .",
      "six\u2028./pkg",
      "-r\\\nb",
    ])
      assert.ok(differs({ "requirements.txt": `numpy\n${line}\n` }, ...install), line);
    assert.ok(differs({ "uv.toml": "" }, ...install), "it has uv look elsewhere");
    assert.ok(differs({ "pyproject.toml": "[tool.uv]\n" }, ...install));
    assert.ok(!differs({ "pyproject.toml": "[project]\n" }, ...install));
  });

  test("a setup takes as many steps to judge as its text has characters, however long a line or a word is", () => {
    const long = 100_000;
    const spaces = " ".repeat(long);
    const texts = [
      ...[`a<${spaces}:`, `a<${"\u00a0".repeat(long)}:`, `a${spaces}:`, `a[${spaces}:`, `a[]${spaces}:`],
      ...[`a @${spaces}:`, `a @ https://${";".repeat(long)} y`, `https://h${spaces}y`, `--index${spaces}a b`],
      ...[`a --hash${spaces}`, " --hash".repeat(long), " #".repeat(long), "a\\".repeat(long)],
      ...[`${"a-".repeat(long)}:`, `a${"<,".repeat(long)}:`, ".".repeat(long), "-".repeat(long)],
    ];
    const before = process.cpuUsage();
    for (const text of texts) {
      installsIn({ commands, code: codeWith({ "requirements.txt": text }) });
      installsIn({ commands: [["pip", "install", text, `--index-url=${text}`]], code: null });
    }
    const { user, system } = process.cpuUsage(before);
    // Milliseconds; this took 33,000 when one expression backtracked over each run of spaces.
    assert.ok((user + system) / 1000 < 5000, `${user + system} microseconds`);
    assert.ok(installsIn({ commands: [["pip", "install", `a <${spaces}2 ,${spaces}>1 ;${spaces}x`]], code: null }));
  });

  test("a setup's requirement files have a megabyte together at most, and of their text nothing is kept", () => {
    const base = `${"#".repeat(599_999)}\n`;
    const install = (...names: string[]) =>
      plainInstalls([["pip", "install", ...names.flatMap((name) => ["-r", name])]], folderWith({ a: base, b: base }));
    const one = install("a", "a");
    assert.ok(one && serialize(one).length < 1000);
    assert.equal(install("a", "b"), undefined);
  });

  test("a setup is known to call pip, by itself or by a file that it names", () => {
    const code = codeWith({ "make.sh": "pip install x", "other.sh": "echo", "lib/a.py": "" });
    const mentions = (...words: string[]): boolean => mentionsPip({ commands: [words], python: null, code });
    assert.deepEqual(
      [
        mentions("pip", "install", "x"),
        mentions("bash", "make.sh"),
        mentions("bash", "other.sh"),
        mentions("x", "lib"),
      ],
      [true, true, false, true],
    );
  });

  test("a setup's digest reads no file outside of the code, and takes a script for no file", () => {
    const outside = folderWith({ "tool.sh": "pip install x", "code/a.py": "1" });
    const code = { folder: join(outside, "code"), sha256: "1" };
    const wish = (...words: string[]) => ({ commands: [words], python: null, code });
    // The worker would hang on a file that never ends, such as /proc/kmsg.
    assert.equal(mentionsPip(wish("bash", "../tool.sh")), false);
    assert.equal(installsIn(wish("pip", "install", "-r", "/proc/kmsg")), undefined);
    const script = wish("bash", "-c", `echo ${"x".repeat(5000)}; echo a/${"y".repeat(300)}`);
    assert.equal(mentionsPip(script), false);
    assert.match(digestOf(script), /^[0-9a-f]{64}$/);
  });
});
