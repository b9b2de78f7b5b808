import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { commandTree } from "../../coordinator/results/command-line.ts";

/** Those that print nothing which a program would read. */
const silent = ["nexus init", "nexus backup", "nexus restore"];

test("every verb prints JSON where it is asked to", () => {
  const quiet = { result: () => undefined, note: () => undefined };
  const leaves = leavesOf(commandTree(quiet, () => undefined));
  assert.ok(leaves.length > 25, `${leaves.length} verbs`);
  const without = leaves.filter(({ command }) => !command.options.some(({ long }) => long === "--json"));
  assert.deepEqual(
    without.map(({ name }) => name).filter((name) => !silent.includes(name)),
    [],
  );
});

function leavesOf(command: Command, before = ""): { readonly name: string; readonly command: Command }[] {
  const name = `${before}${command.name()}`;
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((each) => leavesOf(each, `${name} `));
}
