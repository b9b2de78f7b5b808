import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { identify, isAlive } from "../../../../shared/machine/process-identity.ts";
import { pause } from "../../../../shared/time/deadline.ts";
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
  test("a user's program gets its settings in three ways, and its reports are told from its other output", async () => {
    const { context, folder, run } = program(`
      console.log("options " + JSON.stringify(process.argv.slice(2)));
      console.log("environment " + [process.env.NEXUS_lr, process.env.NEXUS_SEED, process.env.NEXUS_RESUME].join(" "));
      console.error("a warning");
      console.log('{"iters": 10, "loss": 0.5, "extra": 3, "other": 1}');
      console.log('{"iters": 20, "loss": NaN, "note": "grad: NaN"}');
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

  test("a user's program whose flags take no value is told how they are written", async () => {
    const says = (line: string): string => `console.error(${JSON.stringify(line)}); process.exit(2);`;
    const flags = { arguments: { lr: 0.5, shrinking: true } };
    const argparse = program(says("t.py: error: unrecognized arguments: true"), flags);
    await assert.rejects(
      argparse.run(),
      /unrecognized arguments: true; its flags take no value: write as_options: argparse in/,
    );
    const click = program(says("Error: Got unexpected extra argument (true)"), flags);
    await assert.rejects(click.run(), /; its flags take no value: write as_options: click in the stage$/);
    const other = program(says("t.py: error: unrecognized arguments: --lr"), flags);
    await assert.rejects(other.run(), /unrecognized arguments: --lr$/);
  });

  test("a user's program need not know of us: a pattern finds its metrics in both outputs", async () => {
    const { context, run } = program(
      `console.log("epoch 1: loss 0.5 (extra: 3)");
      console.error("epoch 2: loss 0.4");
      await new Promise((go) => setTimeout(go, 50));
      console.log('{"iters": "3", "loss": "0.3"}');`,
      { metric_pattern: ["epoch (?<iters>\\d+): loss (?<loss>\\S+)( \\(extra: (?<extra>\\d+)\\))?"] },
    );
    await run();
    assert.deepEqual(
      context.reports.map(({ iters, values }) => [iters, values]).sort(([a], [b]) => Number(a) - Number(b)),
      [
        [1, [0.5, 3]],
        [2, [0.4, Number.NaN]],
        [3, [0.3, Number.NaN]],
      ],
    );
    // Lines for people stay on the console.
    assert.deepEqual([...context.lines].sort(), ["epoch 1: loss 0.5 (extra: 3)", "epoch 2: loss 0.4"]);
  });

  test("a user's program that prints a metric for people fails with the pattern that would read it", async () => {
    const said = program('console.log("epoch 1"); console.log("loss: 0.25")').run();
    await assert.rejects(said, {
      message:
        /reported nothing; looked for loss, extra; the last that it printed: epoch 1 \| loss: 0\.25; to read that, add to the stage: {2}metric_pattern: 'loss:\\s\*\(\?<loss>/,
    });
    const missed = program('console.log("loss: 0.25")', { metric_pattern: "loss is (?<loss>.*)" }).run();
    await assert.rejects(missed, {
      message:
        /nothing that metric_pattern finds; looked for loss, extra by loss is .*; the last that it printed: loss: 0\.25/,
    });
    const slow = program('console.log("1".repeat(40) + "x"); setTimeout(() => {}, 60000)', {
      metric_pattern: "^(?<loss>(\\d+)+)$",
    });
    await assert.rejects(slow.run(), { message: /metric_pattern took more than 1 s/ });
  });

  test("a user's program continues from its own files, and earlier reports are not repeated", async () => {
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

  test("a user's program is measured by what it writes to a file, also what comes last", async () => {
    const { context, run } = program(
      `const { appendFileSync } = await import("node:fs");
      appendFileSync("m.csv", "epoch,val/loss\\n0,3\\n1,2\\n2,1");`,
      { metrics_file: "m.csv", file_columns: { loss: "val/loss" } },
    );
    await run();
    assert.deepEqual(
      context.reports.map(({ iters, values }) => [iters, values[0]]),
      [
        [1, 3],
        [2, 2],
        [3, 1],
      ],
    );
  });

  test("a user's program that rewrites one object from time to time is measured by each version", async () => {
    const seen = join(temporaryFolder(), "seen");
    const { context, run } = program(
      `const { existsSync, writeFileSync } = await import("node:fs");
      writeFileSync("m.json", '{"loss": 2}');
      while (!existsSync(${JSON.stringify(seen)})) await new Promise((go) => setTimeout(go, 20));
      writeFileSync("m.json", '{"loss": 1}');`,
      { metrics_file: "m.json" },
    );
    const over = run();
    await eventually("its first version was read", () => context.reports.length > 0);
    writeFileSync(seen, "");
    await over;
    assert.deepEqual(
      context.reports.map(({ iters, values }) => [iters, values[0]]),
      [
        [1, 2],
        [2, 1],
      ],
    );
  });

  test("a user's program that writes no metrics file, or one without the metric, fails with what was found", async () => {
    const none = program("console.log(1)", { metrics_file: "m.csv" });
    await assert.rejects(
      none.run(),
      /wrote no file that metrics_file: m\.csv names, in its working folder; .*printed: 1/,
    );
    const other = program(
      `const { writeFileSync } = await import("node:fs"); writeFileSync("m.csv", "step,top1\\n1,2\\n");`,
      { metrics_file: "m.csv" },
    );
    await assert.rejects(
      other.run(),
      /wrote m\.csv \(metrics_file: m\.csv\) with numbers called step, top1; looked for loss, extra; .*file_columns: \{loss: COLUMN\}/,
    );
  });

  test("a user's program hands over its progress when a checkpoint is due", async () => {
    const asked = join(temporaryFolder(), "asked");
    const { context, run } = program(
      `const { existsSync } = await import("node:fs");
      console.log('{"iters": 7, "loss": 1}');
      const wait = setInterval(() => existsSync(${JSON.stringify(asked)}) && clearInterval(wait), 20);`,
      {},
      {
        checkpointDue: () => {
          // The program goes on until its progress has been handed over.
          if (context.checkpoints.length > 0) writeFileSync(asked, "");
          return context.reports.length > 0 && context.checkpoints.length === 0;
        },
      },
    );
    await run();
    assert.deepEqual(context.checkpoints, [{ iters: 7, state: Uint8Array.of(0, 0, 0, 7) }]);
  });

  test("a user's program has its files taken one time after the other, also where it must leave meanwhile", async () => {
    const stopped = new AbortController();
    const text = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);`;
    const { context } = program(text, {}, { signal: stopped.signal });
    const leaving = new AbortController();
    const carrying: (() => void)[] = [];
    const stage = makeCommand({
      ...context,
      leaving: leaving.signal,
      checkpointDue: () => carrying.length === 0,
      checkpoint: () => new Promise<void>((resolve) => carrying.push(resolve)),
    });
    const over = stage.run();
    try {
      await eventually("the first is on its way", () => carrying.length === 1);
      leaving.abort(100);
      // The last checkpoint is due after 80 ms, while the first one is still being stored.
      await pause(400);
      assert.equal(carrying.length, 1);
      carrying[0]?.();
      await eventually("the last one follows", () => carrying.length === 2);
    } finally {
      stopped.abort();
      for (const carried of carrying) carried();
    }
    await over;
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
      /reported nothing; looked for loss, extra; expected that it prints lines such as \{"iters":100,"loss":0.5\}/,
    ],
    [
      "prints half a report",
      `process.stdout.write('{"iters": 1, "lo')`,
      /expected that it prints lines such as .*, and found lines cut off before the closing brace; .*; the last that it printed: \{"iters": 1, "lo$/,
    ],
    [
      "prints a dict of Python",
      `console.log("{'iters': 1, 'loss': 0.5}")`,
      /, and found lines in Python's notation of a dict; print\(json\.dumps\(\.\.\.\)\) writes JSON; /,
    ],
  ] as const) {
    test(`a user's program that ${what} fails with that reason`, async () => {
      await assert.rejects(program(text).run(), (error: Error) => expected.test(error.message));
    });
  }

  test("a user's program that never reports the metric that is its result fails with what it did report", async () => {
    const text = `console.log('{"iters": 1, "losses": 2, "extra": 3}'); console.log('{"losses": 1, "note": 4}')`;
    const of = (reports: string, needsFirst = true) => {
      const { context } = program(reports);
      return makeCommand({ ...context, needsFirst }).run();
    };
    await of(text, false);
    const never =
      /reported extra, and never reported loss, by which a search goes; it also has losses, note; did you mean losses\?$/;
    await assert.rejects(of(text), { message: never });
    const none = `console.log('{"loss": null, "extra": 3}')`;
    await assert.rejects(of(none), { message: /reported loss as null, and never as a number/ });
    const late = `console.log('{"iters": 1, "extra": 3}'); console.log('{"iters": 1, "loss": 3}')`;
    await assert.rejects(of(late), { message: /reported loss only for iterations that it had reported before/ });
    await of(`console.log('{"extra": 3}'); console.log('{"loss": NaN}')`);
  });

  test("a user's program with too long an argument, or a metric that is no number, fails with that reason", async () => {
    const long = program("", { arguments: { notes: "a".repeat(300_000) } });
    await assert.rejects(long.run(), /could not be started: its arguments and environment are longer than this system/);
    for (const [value, said] of Object.entries({ null: "null", true: "true", "[0.5]": "\\[0\\.5\\]" })) {
      const odd = program(`console.log('{"loss": ${value}}')`);
      await assert.rejects(odd.run(), new RegExp(`reported loss as ${said}; expected a number`));
    }
  });

  test("a user's program that does not exist fails with that reason", async () => {
    const { context } = program("");
    const absent = makeCommand({ ...context, spec: { ...usual, command: ["no-such-program-here"] } });
    await assert.rejects(absent.run(), /there is no program no-such-program-here on this worker, or not in its PATH/);
  });

  test("a user's program ends with its run and its descendants, even if it ignores SIGTERM", async () => {
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

  test("a user's program that asks whether it should stop ends by itself, and gets no SIGTERM", async () => {
    const stop = new AbortController();
    const { context, folder, run } = program(
      `const { existsSync, writeFileSync } = await import("node:fs");
       process.on("SIGTERM", () => process.exit(3));
       console.log('{"iters": 1, "loss": 1}');
       const look = setInterval(() => {
         if (!existsSync(process.env.NEXUS_SHOULD_STOP)) return;
         clearInterval(look);
         writeFileSync("ended-by-itself", "");
       }, 10);`,
      { asks_should_stop: true },
      { signal: stop.signal },
    );
    const running = run();
    await eventually("it has reported", () => context.reports[0]);
    stop.abort();
    await running;
    assert.ok(existsSync(join(folder, "ended-by-itself")));
    assert.equal(existsSync(join(folder, ".nexus-should-stop")), false);
  });

  test("a user's program that says it asks, and does not, gets SIGTERM all the same", async () => {
    const stop = new AbortController();
    const { context, run } = program(
      `console.log('{"iters": 1, "loss": 1}'); setInterval(() => undefined, 1000);`,
      { asks_should_stop: 1 },
      { signal: stop.signal },
    );
    const running = run();
    await eventually("it has reported", () => context.reports[0]);
    stop.abort();
    await running;
  });

  for (const [property, value, expected] of [
    ["asks_should_stop", "yes", /asks_should_stop: expected true or false, found "yes"/],
    ["command", [], /command: expected a list such as \[python3, train\.py\], found \[\]/],
    ["metrics", ["a", "a"], /metrics: expected a list of different names/],
    ["metrics", ["loss", "hrs"], /metrics: expected a list of different names.*, not hrs or iters, found/],
    ["goal", "win", /goal: expected one of maximize, minimize, found "win"/],
    ["summary", "best", /summary: expected one of last, max, min, mean, found "best"/],
    ["arguments", { a: [{}] }, /arguments\.a: expected a mapping of names/],
    ["as_options", "docopt", /as_options: expected true, false, or one of argparse, click, hydra, found "docopt"/],
    ["metric_pattern", "loss: (", /metric_pattern: expected a regular expression with groups.*Unterminated group/],
    ["metric_pattern", "loss: (?<los>.*)", /groups named as the metrics \(loss, extra\) or iters, not los/],
    ["metric_pattern", ["(?<iters>.*)"], /metric_pattern: expected a regular expression with groups named as/],
    ["decimals", -1, /decimals: expected a whole number from 0 to 15/],
  ] as const) {
    test(`a user's program with an invalid ${property} is refused`, () => {
      const { context } = program("");
      assert.throws(() => makeCommand({ ...context, spec: { ...context.spec, [property]: value } }), expected);
    });
  }
});
