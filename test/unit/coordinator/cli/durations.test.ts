import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, Option } from "commander";
import { commandTree } from "../../../../coordinator/cli/command-line.ts";
import { program as coordinator } from "../../../../coordinator/program.ts";
import { typedSeconds } from "../../../../shared/domain/runspec/quantities.ts";

const unread = { result: () => undefined, note: () => undefined };

/** The options of a command and its verbs that take a duration, and how they read it. */
function durations(command: Command): Option[] {
  const own = command.options.filter(({ flags, parseArg }) => /[<[]time[>\]]/.test(flags) && parseArg !== undefined);
  return [...own, ...command.commands.flatMap(durations)];
}

test("a duration has the same forms on all command lines", () => {
  const forms: readonly [string, number | undefined][] = [
    ["90", 90],
    ["90s", 90],
    ["90 s", 90],
    ["90 sec", 90],
    ["1.5min", 90],
    ["0.5h", 1800],
    ["1d", 86_400],
    ["0", 0],
    ["", undefined],
    ["-1", undefined],
    ["10 S", undefined],
    ["1e3", undefined],
    ["s", undefined],
    ["3 constructor", undefined],
  ];
  for (const [text, seconds] of forms) assert.equal(typedSeconds(text), seconds, text);

  const options = [coordinator, commandTree(unread, () => undefined)].flatMap(durations);
  const names = options.map(({ long }) => long);
  assert.ok(
    ["--lease", "--linger", "--every", "--time", "--answer-time"].every((name) => names.includes(name)),
    `${names}`,
  );
  for (const { long, parseArg } of options) {
    const read = (text: string): unknown => parseArg?.(text, undefined);
    for (const text of ["90s", "90 s", "1.5min"]) assert.equal(read(text), read("90"), `${long} ${text}`);
    assert.equal(read("1h"), read("3600"), long);
    assert.throws(() => read("soon"), /such as 90, 30s, 10min, 2h or 7d/, long);
  }
});
