import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { identify, isAlive } from "../../../../shared/machine/process-identity.ts";
import makeCommand from "../../../../worker/stages/Command_Proc/Command_Proc.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { recordedContext } from "../../../support/learner.ts";
import { eventually } from "../../../support/patience.ts";

const usual = {
  component: "processors/Command_Proc",
  arguments: { lr: 0.5, name: "a b", none: null },
  as_options: true,
  metrics: ["loss", "extra"],
  goal: "minimize",
  summary: "last",
  decimals: 3,
  random_seed: 77,
};

/** A program of node's, in a folder of code. */
function program(text: string, more: object = {}, options: Parameters<typeof recordedContext>[1] = {}) {
  const folder = temporaryFolder();
  const code = temporaryFolder();
  writeFileSync(join(code, "train.mjs"), text);
  const spec = { ...usual, command: [process.execPath, "train.mjs"], ...more };
  const context = { ...recordedContext(spec, { directory: folder, ...options }), codeFolder: code };
  return { context, folder, run: () => makeCommand(context).run() };
}

describe("a user's program", () => {
  test("gets its settings in three ways, and its reports are recognised among its other output", async () => {
    const { context, folder, run } = program(`
      console.log("options " + JSON.stringify(process.argv.slice(2)));
      console.log("environment " + [process.env.NEXUS_lr, process.env.NEXUS_SEED, process.env.NEXUS_RESUME].join(" "));
      console.error("a warning");
      console.log('{"iters": 10, "loss": 0.5, "extra": 3, "other": 1}');
      console.log('{"iters": 20, "loss": NaN}');
      console.log('{not a report}');
      console.log('{"other": 1}');
      process.stdout.write('{"loss": 0.25}');
    `);
    await run();
    assert.deepEqual(
      context.lines.filter((line) => line !== "a warning"),
      ['options ["--lr","0.5","--name","a b","--none",""]', "environment 0.5 77 0", "{not a report}", '{"other": 1}'],
    );
    assert.ok(context.lines.includes("a warning"));
    assert.deepEqual(
      context.reports.map(({ iters, values, counts }) => [iters, values, counts]),
      [
        [10, [0.5, 3], [1, 1]],
        [20, [Number.NaN, Number.NaN], [1, 0]],
        [21, [0.25, Number.NaN], [1, 0]],
      ],
    );
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "parameters.json"), "utf8")), usual.arguments);
  });

  test("continues from its own files, and earlier reports are not repeated", async () => {
    const { context, run } = program(
      `for (const iters of [10, 20, 30]) console.log(JSON.stringify({ iters, loss: Number(process.env.NEXUS_RESUME) }));`,
      {},
      { resume: Uint8Array.of(0, 0, 0, 20) },
    );
    await run();
    assert.deepEqual(
      context.reports.map(({ iters, values }) => [iters, values[0]]),
      [[30, 20]],
    );
  });

  test("hands over its progress when a checkpoint is due", async () => {
    const asked = join(temporaryFolder(), "asked");
    const { context, run } = program(
      `const { existsSync } = await import("node:fs");
      console.log('{"iters": 7, "loss": 1}');
      const wait = setInterval(() => existsSync(${JSON.stringify(asked)}) && clearInterval(wait), 20);`,
      {},
      {
        checkpointDue: () => {
          if (context.reports.length === 0 || existsSync(asked)) return false;
          writeFileSync(asked, "");
          return true;
        },
      },
    );
    await run();
    assert.deepEqual(context.checkpoints, [{ iters: 7, state: Uint8Array.of(0, 0, 0, 7) }]);
  });

  for (const [what, text, expected] of [
    ["fails", `console.log("out of luck"); process.exit(3)`, /ended with exit code 3: out of luck$/],
    ["is killed", `process.kill(process.pid, "SIGKILL")`, /was ended by SIGKILL$/],
    [
      "misspells what it reports",
      `console.log('{"iters": 1, "lss": 2}')`,
      /reported lss, and none of the metrics: loss, extra; did you mean lss\?$/,
    ],
    [
      "reports nothing",
      `console.log("hello")`,
      /reported nothing; expected that it prints lines such as \{"iters":100,"loss":0.5\}/,
    ],
  ] as const) {
    test(`that ${what} fails with that reason`, async () => {
      await assert.rejects(program(text).run(), (error: Error) => expected.test(error.message));
    });
  }

  test("that does not exist fails with that reason", async () => {
    const { context } = program("");
    const absent = makeCommand({ ...context, spec: { ...usual, command: ["no-such-program-here"] } });
    await assert.rejects(absent.run(), /there is no program no-such-program-here on this worker, or not in its PATH/);
  });

  test("ends with its run, together with its descendants, even if it ignores SIGTERM", async () => {
    const stop = new AbortController();
    const { context, run } = program(
      `const { spawn } = process.getBuiltinModule("node:child_process");
       process.on("SIGTERM", () => undefined);
       const child = spawn("sleep", ["60"], { stdio: "ignore" });
       console.log(JSON.stringify({ iters: child.pid, loss: process.pid }));
       setInterval(() => undefined, 1000);`,
      {},
      { signal: stop.signal },
    );
    const running = run();
    const report = await eventually("it has reported", () => context.reports[0]);
    const both = [report.iters, report.values[0] ?? 0].map((pid) => identify(pid));
    assert.ok(both.every((each) => each !== undefined && isAlive(each)));
    stop.abort();
    await running;
    await eventually("both have ended", () => both.every((each) => each && !isAlive(each)));
  });

  for (const [property, value, expected] of [
    ["command", [], /command: expected a list such as \[python3, train\.py\], found \[\]/],
    ["metrics", ["a", "a"], /metrics: expected a list of different names/],
    ["metrics", ["loss", "hrs"], /metrics: expected a list of different names.*, not hrs or iters, found/],
    ["goal", "win", /goal: expected one of maximize, minimize, found "win"/],
    ["summary", "best", /summary: expected one of last, max, min, mean, found "best"/],
    ["arguments", { a: [1] }, /arguments\.a: expected a mapping of names/],
    ["decimals", -1, /decimals: expected a whole number from 0 to 15/],
  ] as const) {
    test(`with an invalid ${property} is refused`, () => {
      const { context } = program("");
      assert.throws(() => makeCommand({ ...context, spec: { ...context.spec, [property]: value } }), expected);
    });
  }
});
