import assert from "node:assert/strict";
import { test } from "node:test";
import { commandTree, shapeOf } from "../../../../coordinator/cli/command-line.ts";
import { type CommandShape, withFullOptions } from "../../../../coordinator/cli/option-prefixes.ts";
import { parseSpecArguments } from "../../../../coordinator/cli/submit/spec-arguments.ts";
import { scopeOf } from "../../../../coordinator/operator/scope.ts";
import { UsageError } from "../../../../shared/errors.ts";

const option = (long: string, takesValue = true) => ({ long, takesValue });
const none = { options: [], subcommands: {}, takesAnyOption: false };
const plot: CommandShape = {
  ...none,
  options: [
    option("--aggregate"),
    option("--group-by"),
    option("--shadow-type"),
    option("--save-to"),
    option("--json", false),
  ],
};
const root: CommandShape = {
  ...none,
  options: [option("--workspace")],
  subcommands: { plot, run: { ...none, options: [option("--monitor")], takesAnyOption: true } },
};
const full = (line: string): string => withFullOptions(line.split(" "), root).join(" ");

test("the tutorial's short options stand for the long ones", () => {
  assert.equal(
    full("plot job289 s1-rew --aggre=mean --group=job --shadow-type=std"),
    "plot job289 s1-rew --aggregate=mean --group-by=job --shadow-type=std",
  );
});

test("global options are shortened before and after the verb", () => {
  assert.equal(full("--work ws2 plot job1"), "--workspace ws2 plot job1");
  assert.equal(full("plot job1 --work ws2 --js"), "plot job1 --workspace ws2 --json");
});

test("option values are never expanded, whatever they look like", () => {
  assert.equal(full("plot --save --aggre --aggre=mean"), "plot --save-to --aggre --aggregate=mean");
  assert.equal(full("--workspace plot plot --agg=x"), "--workspace plot plot --aggregate=x");
  assert.equal(full("plot -- --aggre=mean"), "plot -- --aggre=mean");
});

test("an ambiguous short option is refused, and an unknown one is left for commander to refuse", () => {
  assert.throws(() => full("plot --s=1"), {
    name: UsageError.name,
    message: "--s may be short for --shadow-type or --save-to; type more of it",
  });
  assert.equal(full("plot --x=1"), "plot --x", "without its value a near name is found for it");
});

test("after nexus run no option is expanded, since any may be a name in the spec", () => {
  assert.equal(full("run spec.yaml --mon 3 --work 4"), "run spec.yaml --mon 3 --work 4");
});

test("options may be shortened after every verb of nexus but those that take names of a spec", () => {
  const shape = shapeOf(commandTree({ result: () => undefined, note: () => undefined }, () => undefined));
  const typed = (line: string): string => withFullOptions(line.split(" "), shape).join(" ");
  for (const line of ["run s.yaml --n 100 --mon 3", "check s.yaml --n 100 --val 3 --w x"])
    assert.equal(typed(line), line);
  assert.equal(typed("view run run1.7 --work demo --js"), "view run run1.7 --workspace demo --json");
  assert.equal(typed("why run run1.7 --js"), "why run run1.7 --json");
});

test("nexus run takes one file and names with values, in any order", () => {
  assert.deepEqual(parseSpecArguments(["spec.yaml"]), { file: "spec.yaml", commandLine: {} });
  assert.deepEqual(parseSpecArguments(["--lr", "-0.5", "spec.yaml", "--env=Maze=2", "--empty="]), {
    file: "spec.yaml",
    commandLine: { lr: "-0.5", env: "Maze=2", empty: "" },
  });
  const wrong: [string[], RegExp][] = [
    [[], /no spec is named/],
    [["a.yaml", "b.yaml"], /one spec at a time: found a\.yaml and b\.yaml/],
    [["a.yaml", "--lr"], /--lr has no value/],
    [["a.yaml", "-x"], /unknown option -x/],
    [["a.yaml", "--9", "1"], /expected --name value/],
  ];
  for (const [words, message] of wrong)
    assert.throws(() => parseSpecArguments(words), { name: UsageError.name, message });
});

test("a command's options override the environment, and the environment overrides the defaults", () => {
  const env = { XDG_DATA_HOME: "/data", NEXUS_WORKSPACE: "ws7", NEXUS_SERVERS: "nats://b:1", NEXUS_CREDS: "b.creds" };
  assert.equal(scopeOf({}, { XDG_DATA_HOME: "/data" }).paths.dir, "/data/nexus/ws1");
  assert.equal(scopeOf({}, { XDG_DATA_HOME: "/data" }).external, null);
  assert.equal(scopeOf({}, env).paths.name, "ws7");
  assert.deepEqual(scopeOf({}, env).external, { url: "nats://b:1", credentialsFile: "b.creds", caFile: null });
  const named = scopeOf({ workspace: "ws2", nats: "nats://a:1" }, env);
  assert.equal(named.paths.name, "ws2");
  assert.deepEqual(named.external, { url: "nats://a:1", credentialsFile: "b.creds", caFile: null });
  assert.equal(named.flags, " --workspace ws2 --nats nats://a:1");
  const checked = scopeOf({ nats: "tls://a:1", tlsCa: "ca.pem" }, { ...env, NEXUS_TLS_CA: "other.pem" });
  assert.deepEqual([checked.external?.caFile, checked.flags], ["ca.pem", " --nats tls://a:1 --tls-ca ca.pem"]);
  assert.throws(() => scopeOf({ workspace: "WS 2" }, {}), { name: UsageError.name });
});
