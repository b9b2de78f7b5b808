import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as protocol from "../../../../coordinator/own-search/protocol.ts";
import type { Hyperparameter } from "../../../../shared/domain/hyperparameter.ts";
import type { JobName, RunName } from "../../../../shared/domain/names.ts";

const dials: readonly Hyperparameter[] = [
  { name: "lr", ordered: true, values: [0.1, 0.01], tuned: 0.1 },
  { name: "core", ordered: false, values: ["GRU", null, true, "1"], tuned: "GRU", onlyWhen: ["*lr > 0.05"] },
];
const read = (line: string): protocol.Said => protocol.readLine(line, dials);
const refused = (line: string): string => {
  try {
    return JSON.stringify(read(line));
  } catch (error) {
    assert.ok(error instanceof protocol.ProtocolError);
    return error.message;
  }
};

describe("what a coordinator says to a search", () => {
  test("the coordinator speaks to a search in one JSON object a line, with the documentation's words", () => {
    const about = { job: "job3" as JobName, seed: 5, totalRuns: 9, hyperparameters: dials, where: ["*lr < 1"] };
    const hello = protocol.hello(about, 4);
    assert.ok(hello.endsWith("\n") && !hello.slice(0, -1).includes("\n"));
    assert.deepEqual(JSON.parse(hello), {
      ...{ type: "hello", protocol: 1, job: "job3", seed: 5, goal: "maximize", total_runs: 9 },
      hyperparameters: [
        { name: "lr", ordered: true, values: [0.1, 0.01], tuned: 0.1 },
        { name: "core", ordered: false, values: ["GRU", null, true, "1"], tuned: "GRU", only_when: ["*lr > 0.05"] },
      ],
      ...{ where: ["*lr < 1"], history: 4 },
    });
    const ended = { state: "failed", value: null, reason: "loss came out as NaN" };
    const run = { run: 7, name: "run1.7" as RunName, ask: null, configuration: [1, 1], ...ended };
    assert.deepEqual(JSON.parse(protocol.tell(dials, run as Parameters<typeof protocol.tell>[1])), {
      type: "tell",
      ...run,
      settings: { lr: 0.01, core: null },
    });
  });

  test("infinities and NaN are words for a search, and only in messages that could not have them as numbers", () => {
    const clip = {
      name: "clip",
      ordered: true,
      values: [1, Number.POSITIVE_INFINITY],
      tuned: Number.POSITIVE_INFINITY,
    };
    assert.deepEqual(JSON.parse(protocol.values([clip])).hyperparameters, [
      { ...clip, values: [1, "Infinity"], tuned: "Infinity" },
    ]);
    assert.deepEqual(JSON.parse(protocol.exclude([clip], [1])).settings, { clip: "Infinity" });
    const choice = { type: "choice", ask: 1, settings: [Number.POSITIVE_INFINITY], why: "" };
    assert.deepEqual(protocol.readLine('{"type":"choice","ask":1,"settings":{"clip":"Infinity"}}', [clip]), choice);
    const text = { name: "text", ordered: false, values: ["Infinity"], tuned: "Infinity" };
    assert.deepEqual(protocol.readLine('{"type":"choice","ask":1,"settings":{"text":"Infinity"}}', [text]), {
      ...choice,
      settings: ["Infinity"],
    });
    const reports = [0.5, Number.NaN, Number.NEGATIVE_INFINITY].map((value) =>
      JSON.parse(protocol.report(7, 10, value)),
    );
    assert.deepEqual(reports, [
      { type: "report", run: 7, iters: 10, value: 0.5 },
      { type: "diverged", run: 7, iters: 10, value: "NaN" },
      { type: "diverged", run: 7, iters: 10, value: "-Infinity" },
    ]);
  });
});

describe("what a search says", () => {
  test("a search's choice is by positions or by values, each of its own type", () => {
    const choice = { type: "choice", ask: 3, settings: [0.01, true], why: "" };
    assert.deepEqual(read('{"type":"choice","ask":3,"configuration":[1,2]}'), choice);
    assert.deepEqual(read('{"type":"choice","ask":3,"settings":{"core":true,"lr":0.01}}'), choice);
    assert.deepEqual(read('{"type":"choice","ask":3,"settings":{"core":"1","lr":1e-2}}'), {
      ...choice,
      settings: [0.01, "1"],
    });
  });

  test("a search's reason is cut where it would fill the journal, and has nothing that a terminal obeys", () => {
    const said = read(`{"type":"choice","ask":1,"configuration":[0,0],"why":"\\u001b[2J${"x".repeat(500)}"}`);
    assert.ok(said.type === "choice" && said.why.length === 300 && !said.why.includes("\u001b"));
  });

  const wrong: readonly (readonly [line: string, why: RegExp])[] = [
    ["Epoch 1 of 3", /^it printed "Epoch 1 of 3", which is no JSON; .*print everything else to standard error$/],
    ['{"type":"choice","ask":1,"value":NaN}', /which is no JSON; JSON has no NaN; write "Infinity" in quotes$/],
    ["[1, 2]", /^it printed "\[1, 2\]", which is no JSON object; /],
    ["{}", /^it said type: nothing; expected one of: ready, choice, later, finished, prune, error$/],
    ['{"type":"ready"}', /^its "ready" has protocol: nothing; expected 1,/],
    ['{"type":"choice","configuration":[0,0]}', /^its "choice" has ask: nothing; expected the number of a question$/],
    [
      '{"type":"choice","ask":1}',
      /^its choice has neither configuration nor settings; expected e\.g\. \{"type":"choice","ask":1,"configuration":\[0,0\]\}$/,
    ],
    [
      '{"type":"choice","ask":1,"configuration":[0]}',
      /^its choice has configuration: \[0\]; expected a list of 2 positions/,
    ],
    [
      '{"type":"choice","ask":1,"configuration":[0,4]}',
      /^its choice has position 4 for core; expected a whole number from 0 to 3$/,
    ],
    ['{"type":"choice","ask":1,"configuration":[0.5,0]}', /^its choice has position 0\.5 for lr; /],
    ['{"type":"choice","ask":1,"settings":{"lr":0.1}}', /^its choice has no setting for core$/],
    [
      '{"type":"choice","ask":1,"settings":{"lr":0.1,"core":1}}',
      /^its choice has core: 1; expected one of the values of the list: "GRU", null, true, "1"$/,
    ],
    [
      '{"type":"choice","ask":1,"settings":{"lr":0.1,"kore":1}}',
      /^its choice has a setting for "kore"; the hyperparameters are: lr, core$/,
    ],
    ['{"type":"prune","run":"run1.7"}', /^its "prune" has run: "run1\.7"; expected the number of a run$/],
  ];
  for (const [line, why] of wrong)
    test(`a search's line ${line} is refused with what was expected`, () => assert.match(refused(line), why));
});
