import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as protocol from "../../../../coordinator/own-search/protocol.ts";
import type { Hyperparameter } from "../../../../shared/domain/hyperparameter.ts";
import type { JobName, RunName } from "../../../../shared/domain/names.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const host = fileURLToPath(new URL("../../../../coordinator/own-search/module-host.js", import.meta.url));

test("a search module has infinite values as numbers, and is asked what becomes of a run that diverges", () => {
  const file = join(temporaryFolder(), "search.mjs");
  writeFileSync(
    file,
    `export const choose = ({ hyperparameters: [{ values }] }) => ({ settings: { clip: Math.max(...values) } });
export const diverged = (view, { run }, [iters, value]) => \`\${run} at \${iters}: \${value}\`;`,
  );
  const clip: Hyperparameter = { name: "clip", ordered: true, values: [1, Number.POSITIVE_INFINITY], tuned: 1 };
  const about = { job: "job1" as JobName, seed: 1, totalRuns: 9, hyperparameters: [clip], where: [] };
  const run = { run: 1, name: "run1.1" as RunName, ask: 1, configuration: [0], value: null, reason: "" };
  const input = [
    protocol.hello(about, 0),
    protocol.ask(1, 1),
    protocol.tell([clip], { ...run, state: "running" }),
    protocol.report(1, 10, 0.5),
    protocol.report(1, 20, Number.NaN),
  ];
  const { stdout } = spawnSync(process.execPath, [host, file], { encoding: "utf8", input: input.join("") });
  const [ready, ...said] = stdout.trim().split("\n");
  assert.match(ready ?? "", /"reports":true/);
  assert.deepEqual(
    said.map((line) => protocol.readLine(line, [clip])),
    [
      { type: "choice", ask: 1, settings: [Number.POSITIVE_INFINITY], why: "" },
      { type: "prune", run: 1, why: "1 at 20: NaN" },
    ],
  );
});

test("a search module is given of a lost run only the reports up to where it went on", () => {
  const file = join(temporaryFolder(), "search.mjs");
  writeFileSync(
    file,
    `export const choose = () => undefined;
export const prune = (view, run, reports) => JSON.stringify(reports);`,
  );
  const about = { job: "job1" as JobName, seed: 1, totalRuns: 9, hyperparameters: [], where: [] };
  const run = { run: 1, name: "run1.1" as RunName, ask: 1, configuration: [], value: null, reason: "" };
  const input = [protocol.hello(about, 0), protocol.tell([], { ...run, state: "running" })];
  for (const [iters, value] of [
    [1, 0.5],
    [2, 0.25],
    [3, 0.75],
    [3, 0.5],
    [1, 0.125],
  ] as const)
    input.push(protocol.report(1, iters, value));
  const { stdout } = spawnSync(process.execPath, [host, file], { encoding: "utf8", input: input.join("") });
  const heard = stdout.split("\n").filter((line) => line.includes("prune"));
  assert.deepEqual(
    heard.map((line) => JSON.parse((JSON.parse(line) as { why: string }).why)),
    [
      [[1, 0.5]],
      [
        [1, 0.5],
        [2, 0.25],
      ],
      [
        [1, 0.5],
        [2, 0.25],
        [3, 0.75],
      ],
      [
        [1, 0.5],
        [2, 0.25],
        [3, 0.5],
      ],
      [[1, 0.125]],
    ],
  );
});
