import assert from "node:assert/strict";
import { test } from "node:test";
import { Command, CommanderError } from "commander";
import { program as coordinator } from "../../../../coordinator/program.ts";
import { tellsWhereHelpIs, usual } from "../../../../shared/program/usual-command.ts";
import { program as worker } from "../../../../worker/flags.ts";

test("help of nexus-coord and nexus-worker has the words of nexus, and no default of a flag", () => {
  for (const program of [coordinator, worker]) {
    const text = program.helpInformation();
    assert.match(text, /-V, --version +print the version\n/);
    assert.match(text, /-h, --help +print this help\n/);
    assert.doesNotMatch(text, /default: (false|\[\])/);
    assert.match(text, /\(default: "?\w/);
  }
});

test("nexus-coord watch and stop show in their help the options of nexus-coord that they read", () => {
  const help = (name: string): string =>
    coordinator.commands.find((each) => each.name() === name)?.helpInformation() ?? "";
  for (const option of ["--workspace", "--nats", "--readonly"]) assert.ok(help("watch").includes(option), option);
  assert.doesNotMatch(help("watch"), /--listen|--headless/);
  assert.match(help("stop"), /--workspace/);
  assert.doesNotMatch(help("stop"), /--nats/);
});

test("nexus-coord takes 0 for --every, as nexus run does", () => {
  const every = coordinator.options.find(({ long }) => long === "--every");
  assert.equal(every?.parseArg?.("0", undefined), 0);
  assert.match(every?.description ?? "", /60s; 0: never/);
});

test("wrong words are answered with where the help is", () => {
  let said = "";
  const command = tellsWhereHelpIs(usual(new Command("nexus-it"))).configureOutput({
    writeErr: (text) => {
      said += text;
    },
  });
  assert.throws(() => command.parse(["--nonsense"], { from: "user" }), CommanderError);
  assert.match(said, /unknown option '--nonsense'\n {2}to see what it takes: nexus-it --help\n/);
});
