import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkSearch, type Finding, type Subject } from "../../../coordinator/own-search/check/suite.ts";
import { TriedSearch, toldRun } from "../../../coordinator/own-search/check/tried-search.ts";
import { launchIn } from "../../../coordinator/own-search/own-searches.ts";
import { loadSpecFile, packageRoot } from "../../../shared/components/component-defaults.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { defaultOwnSearch, type OwnSearchSettings } from "../../../shared/domain/search/own-search.ts";
import { exitCode } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { patienceMs } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";

const python = "/usr/bin/python3";
const shipped = join(packageRoot(), "specs/own_search");
const fixtures = join(packageRoot(), "test/fixtures/own-search");
const folder = temporaryFolder();
let count = 0;
type Limits = Partial<Pick<Subject, "answerSeconds" | "graceMs">>;

/** The suite's findings, up to the first broken promise. */
async function findings(
  settings: Partial<OwnSearchSettings>,
  codeFolder: string,
  { answerSeconds = patienceMs / 1000, graceMs = patienceMs }: Limits = {},
): Promise<readonly Finding[]> {
  count += 1;
  const work = join(folder, `work${count}`);
  const found: Finding[] = [];
  const enough = new Error("enough");
  const subject = {
    launch: () => launchIn({ codeFolder, work }, { ...defaultOwnSearch, ...settings }),
    hyperparameters: null,
    where: [],
    seed: 1,
    answerSeconds,
    startMs: patienceMs,
    graceMs,
  };
  try {
    await checkSearch(subject, (finding) => {
      found.push(finding);
      if (finding.problem !== "") throw enough;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return found;
}

const broken = (found: readonly Finding[]): readonly (readonly [string, string])[] =>
  found.filter(({ problem }) => problem !== "").map(({ promise, problem }) => [promise, problem]);
const walker = (...words: readonly string[]): Partial<OwnSearchSettings> => ({
  command: [python, "walker.py", ...words],
});

describe("nexus check-search", { concurrency: 2 }, () => {
  test("a search in Python without libraries keeps all promises of nexus check-search", async () => {
    const found = await findings(walker("prunes"), fixtures);
    assert.deepEqual(broken(found), []);
    assert.equal(found.length, 13);
    assert.match(found.find(({ promise }) => promise.includes("prunes"))?.note ?? "", /^pruned 6 runs of 6$/);
  });

  test("the shipped search module, and Optuna with a pruner, keep all promises of nexus check-search", async () => {
    assert.deepEqual(broken(await findings({ module: "my_search.js" }, shipped)), []);
    const optuna = process.env["NEXUS_TEST_PYTHON"] ?? python;
    const command = [optuna, "optuna_search.py", "--sampler", "tpe", "--pruner", "median"];
    const found = await findings({ command }, shipped);
    assert.deepEqual(broken(found), []);
    assert.match(found[0]?.note ?? "", /^Optuna \d+\.\d+\.\d+, TPESampler, repeatable, prunes; /);
  });

  test("Optuna, started again, chooses others than before, by whatever sampler", async () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i);
    const hyperparameters = [{ name: "place", ordered: true, values, tuned: 0 }];
    const chosen = async (sampler: string, tried: readonly Configuration[]): Promise<readonly Configuration[]> => {
      count += 1;
      const command = [process.env["NEXUS_TEST_PYTHON"] ?? python, "optuna_search.py", "--sampler", sampler];
      const launch = launchIn(
        { codeFolder: shipped, work: join(folder, `work${count}`) },
        { ...defaultOwnSearch, command },
      );
      const search = new TriedSearch(
        launch,
        { hyperparameters, where: [], seed: 1, totalRuns: 60 },
        { startMs: patienceMs, answerMs: patienceMs },
      );
      try {
        await search.begin(tried.map((configuration, i) => toldRun(i + 1, configuration, "completed", i)));
        return (await search.choose(4, tried.length + 1)).map(({ configuration }) => configuration);
      } finally {
        await search.kill();
      }
    };
    for (const sampler of ["random", "tpe", "qmc"]) {
      const before = await chosen(sampler, [[7]]);
      const after = await chosen(sampler, [[7], ...before]);
      const places = [...before, ...after].map(([place]) => place);
      assert.equal(new Set(places).size, 8, `${sampler}: ${places.join(" ")}`);
    }
  });

  test("every example of docs/own-search.md keeps all promises of nexus check-search, copied literally", async () => {
    const page = readFileSync(join(packageRoot(), "docs/own-search.md"), "utf8");
    const examples = (language: string): readonly string[] =>
      [...page.matchAll(new RegExp(`\\n\`\`\`${language}\\n(.*?)\`\`\`\\n`, "gs"))].map(([, text = ""]) => text);
    const [modules, specs] = [examples("js"), examples("yaml")];
    assert.deepEqual([modules.length, specs.length], [1, 1]);
    const copies = join(folder, "examples");
    mkdirSync(copies);
    for (const [i, text] of modules.entries()) {
      writeFileSync(join(copies, `module${i}.js`), text);
      const found = await findings({ module: `module${i}.js` }, copies);
      assert.deepEqual(broken(found), []);
      assert.equal(found.length, 13);
    }
    // Each YAML example replaces the job launcher of a shipped spec, beside that spec's files.
    cpSync(shipped, copies, { recursive: true });
    const launcher = /^job_launcher:\n(?: .*\n)+/m;
    const whole = readFileSync(join(shipped, "optuna.yaml"), "utf8");
    assert.match(whole, launcher);
    for (const text of specs) {
      writeFileSync(
        join(copies, "copied.yaml"),
        whole.replace(launcher, () => text),
      );
      const { spec } = loadSpecFile(join(copies, "copied.yaml"), {}, { tail: "nothing was checked" });
      assert.deepEqual(spec.settings.search?.command, ["python3", "optuna_search.py", "--sampler", "tpe"]);
    }
  });

  const cases: readonly (readonly [word: string, promise: RegExp, problem: RegExp, limits?: Limits])[] = [
    [
      "noise",
      /^it starts/,
      /printed "loading the model \.\.\.", which is no JSON; .*everything else to standard error$/,
    ],
    ["version", /^it starts/, /^its "ready" has protocol: 7; expected 1,/],
    ["dies", /^it starts/, /^it ended with exit code 3; its last lines:\n[\s\S]*there is no model here$/],
    ["outside", /^it answers each/, /^its choice has position 999 for lr; expected a whole number from 0 to 3$/],
    ["twice", /^it answers each/, /^it answered question 1, which was not asked, or twice$/],
    ["silent", /^it answers each/, /^waited 5 s for an answer$/, { answerSeconds: 5 }],
    [
      "careless",
      /^it chooses no configuration that is excluded/,
      /^\d+ of 20 choices were excluded, such as \[\d, \d\]; /,
    ],
    ["random", /^the same seed/, /draw only from the seed of "hello", or say "deterministic": false$/],
    ["stays", /^it ends/, /^it was still there after 2 s/, { graceMs: 2000 }],
  ];
  for (const [word, promise, problem, limits] of cases) {
    test(`nexus check-search names the promise that walker.py breaks when told "${word}"`, async () => {
      const [[found = "", why = ""] = []] = broken(await findings(walker(word), fixtures, limits));
      assert.match(found, promise);
      assert.match(why, problem);
    });
  }

  test("nexus check-search says why a module cannot be used", async () => {
    const modules = {
      "none.mjs": "export const name = 'x';",
      "faulty.mjs": "export function choose( {",
      "throws.mjs": "export function choose() { throw new Error('told to throw'); }",
    };
    mkdirSync(join(folder, "modules"));
    const said: string[] = [];
    for (const [module, text] of Object.entries(modules)) {
      writeFileSync(join(folder, "modules", module), text);
      said.push(broken(await findings({ module }, join(folder, "modules")))[0]?.[1] ?? "");
    }
    assert.match(
      said[0] ?? "",
      /^it gave up: the module exports no function `choose`; expected: export function choose/,
    );
    assert.match(said[1] ?? "", /^it gave up: the module cannot be loaded: /);
    assert.match(said[2] ?? "", /^it ended with exit code 1; its last lines:\n[\s\S]*told to throw/);
  });

  test("nexus check-search takes a module, a program or a spec, and tells by its exit code", async () => {
    const spec = await nexus(["check-search", join(shipped, "module.yaml")], folder);
    assert.equal(spec.code, exitCode.done, spec.stderr);
    assert.match(spec.stdout, /^holds {3}it starts, and says that it is ready \(coordinate ascent, repeatable; .*\)\n/);
    assert.match(spec.stdout, /\neverything holds: a spec may name it\n$/);
    const program = await nexus(["check-search", "--json", "--", python, join(fixtures, "walker.py"), "dies"], folder);
    assert.equal(program.code, exitCode.failure);
    assert.equal(JSON.parse(program.stdout.split("\n")[0] ?? "").holds, false);
    const missing = await nexus(["check-search", "absent.js"], folder);
    assert.deepEqual(
      [missing.code, missing.stderr],
      [exitCode.usage, "absent.js: there is no such file; expected a module, a spec or a program\n"],
    );
    const other = await nexus(["check-search", join(packageRoot(), "specs/maze_dgd.yaml")], folder);
    assert.match(other.stderr, /its job_launcher names no search; expected hp_tuning: own and search: /);
  });
});
