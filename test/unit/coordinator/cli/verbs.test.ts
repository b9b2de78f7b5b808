import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { commandTree } from "../../../../coordinator/cli/command-line.ts";
import * as plots from "../../../../coordinator/plots/registry.ts";
import { editableSettings } from "../../../../shared/domain/runspec/job-settings.ts";

/** Commands without --json: two print nothing that a program would read, and one always prints JSON. */
const silent = ["nexus init", "nexus demo", "nexus mcp"];

let said = "";
const output = {
  result: (text: string): void => {
    said += text;
  },
  note: () => undefined,
};
const leaves = leavesOf(commandTree(output, () => undefined, plots));

test("every verb of nexus has --json", () => {
  assert.ok(leaves.length > 25, `${leaves.length} verbs`);
  const without = leaves.filter(({ command }) => !command.options.some(({ long }) => long === "--json"));
  assert.deepEqual(
    without.map(({ name }) => name).filter((name) => !silent.includes(name)),
    [],
  );
});

test("the help of every verb of nexus has an example", () => {
  const without = leaves.filter(({ name, command }) => {
    said = "";
    command.outputHelp();
    const usage = said.indexOf("Usage:");
    return !said
      .slice(said.indexOf("\n", usage))
      .split("\n")
      .some((line) => /^ +nexus /.test(line) && line.includes(name.slice(6)));
  });
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test("the help of every verb of nexus has no gap of two lines, and ends with an empty one", () => {
  const wrong = leaves.filter(({ command }) => {
    said = "";
    command.outputHelp();
    return /\n\n\n/.test(said) || !/[^\n]\n\n$/.test(said);
  });
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
  );
});

test("nexus edit takes every setting that the spec's reader calls editable", () => {
  const edit = leaves.find(({ name }) => name === "nexus edit")?.command;
  const options = new Set(edit?.options.map(({ long }) => long));
  assert.deepEqual(
    editableSettings.filter((name) => !options.has(`--${name.replaceAll("_", "-")}`)),
    [],
  );
});

function leavesOf(command: Command, before = ""): { readonly name: string; readonly command: Command }[] {
  const name = `${before}${command.name()}`;
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((each) => leavesOf(each, `${name} `));
}
