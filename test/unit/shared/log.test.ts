import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { printable, printableLines } from "../../../shared/domain/printable.ts";
import { UsageError } from "../../../shared/errors.ts";
import { fileLog } from "../../../shared/log.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

const nasty = "\u001b[2J\u009b31m\u007f\u202egpj\u2066\u2028x";

test("a log holds no control characters, whatever was logged, and loses nothing", () => {
  const file = join(temporaryFolder(), "a.log");
  const mask = process.umask(0);
  try {
    fileLog(file, "test").warn({ subject: nasty }, nasty);
  } finally {
    process.umask(mask);
  }
  const text = readFileSync(file, "utf8");
  assert.match(text, /^[\x20-\x7e]+\n$/);
  const { subject, msg } = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual([subject, msg], [nasty, nasty]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("text for a terminal moves no cursor and turns no line around; several lines stay lines", () => {
  assert.equal(printable(`a\n${nasty}`), "a [2J 31m gpj x");
  assert.equal(printableLines(`a\tb\n${nasty}\r\n`), "a\tb\n [2J 31m gpj x \n");
});

test("the level of a log is one of its words; an empty one is as none, and another word is a mistake", (t) => {
  const before = process.env["NEXUS_LOG"];
  t.after(() => {
    if (before === undefined) delete process.env["NEXUS_LOG"];
    else process.env["NEXUS_LOG"] = before;
  });
  const logged = (level: string): string[] => {
    process.env["NEXUS_LOG"] = level;
    const file = join(temporaryFolder(), "a.log");
    const log = fileLog(file, "test");
    log.debug("debug");
    log.info("info");
    log.warn("warn");
    return [...readFileSync(file, "utf8").matchAll(/"msg":"(\w+)"/g)].map(([, message = ""]) => message);
  };
  assert.deepEqual(logged(""), ["info", "warn"]);
  assert.deepEqual(logged("DEBUG"), ["debug", "info", "warn"]);
  assert.deepEqual(logged("warn"), ["warn"]);
  assert.throws(
    () => logged("verbose"),
    (error) =>
      error instanceof UsageError && error.message === "NEXUS_LOG=verbose: expected debug, info, warn or error",
  );
});
