import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandLine } from "../../../../../worker/stages/Command_Proc/command-line.ts";
import {
  MetricPatterns,
  numberIn,
  patternFor,
  SlowPattern,
} from "../../../../../worker/stages/Command_Proc/metric-patterns.ts";

describe("metrics in what a program prints for people", () => {
  test("printed metrics are found by the first pattern that fits a line, with the iterations it names", () => {
    const patterns = new MetricPatterns(["epoch (?<iters>\\d+).*accuracy: (?<acc>[\\d.]+)", "loss=(?<loss>\\S+)"]);
    const lines = ["starting", "epoch 3/10 loss=0.2 accuracy: 0.93", "12% done\rloss=1e-3 ", "loss=nan", "loss=high"];
    assert.deepEqual(patterns.find(lines), [
      undefined,
      { iters: 3, values: { acc: 0.93 } },
      { iters: undefined, values: { loss: 0.001 } },
      { iters: undefined, values: { loss: Number.NaN } },
      undefined,
    ]);
    assert.deepEqual(patterns.find(["no number", ""]), [undefined, undefined]);
  });

  test("a slow pattern ends the search for printed metrics, with its name and the line", () => {
    const patterns = new MetricPatterns(["^(?<loss>(\\d+)+)$"]);
    assert.throws(() => patterns.find([`${"1".repeat(40)}x`]), {
      name: SlowPattern.name,
      message: /metric_pattern took more than 1 s of processor time for lines such as "1+x": \^\(\?<loss>/,
    });
  });

  test("a pattern is slow by the processor time that it takes: a frozen run searches again", () => {
    const readings = [0, 30, 30, 40, 40, 77];
    const patterns = new MetricPatterns(
      ["^(?<loss>(\\d+)+)$"],
      40,
      () => readings.shift() ?? assert.fail("once too often"),
    );
    assert.throws(() => patterns.find([`${"1".repeat(40)}x`]), { name: SlowPattern.name });
    assert.deepEqual(readings, []);
  });

  test("printed metrics are not looked for in a line without a number, whichever lines come with it", () => {
    const patterns = new MetricPatterns(["^(?<loss>(\\w+)+)$"]);
    assert.deepEqual(patterns.find([`${"a".repeat(40)}!`, "3", "b"]), [
      undefined,
      { iters: undefined, values: { loss: 3 } },
      undefined,
    ]);
  });

  test("printed metrics are numbers however they are written", () => {
    const texts = ["0.93", " 93% ", "-.5", "1e-3", "+inf", "-Infinity", "NaN"];
    assert.deepEqual(texts.map(numberIn), [0.93, 93, -0.5, 0.001, Infinity, -Infinity, Number.NaN]);
    for (const text of ["", "0x10", "1.2.3", "one", "1e"]) assert.equal(numberIn(text), undefined, text);
  });

  test("a pattern that we propose for printed metrics finds what was printed", () => {
    for (const [line, iters, value] of [
      ["Accuracy: 0.93", undefined, 0.93],
      ["Epoch 12/100 | loss 0.4 | accuracy = 0.93", 12, 0.93],
      ["step: 7 accuracy=9.3e-1", 7, 0.93],
    ] as const) {
      const metric = line.startsWith("A") ? "Accuracy" : "accuracy";
      const pattern = patternFor(["something else 5", line], [metric]);
      assert.ok(pattern, line);
      assert.deepEqual(new MetricPatterns([pattern]).find([line]), [{ iters, values: { [metric]: value } }], pattern);
    }
    assert.equal(patternFor(["score 1"], ["accuracy"]), undefined);
    // A pattern sees only the end of a line this long; without that limit, a line of spaces took 6 s.
    assert.equal(patternFor([`accuracy 0.5${"x".repeat(5000)}`], ["accuracy"]), undefined);
  });
});

test("a program's options are written as argparse, click and Hydra read them", () => {
  const parameters = { lr: 0.1, big: true, small: false, none: null, layers: [64, 32], name: "it's" };
  const words = (options: "plain" | "none" | "argparse" | "click" | "hydra"): string =>
    commandLine({ command: ["train"], parameters, options }, { codeFolder: null, inputsFolder: null }).join(" ");
  assert.equal(words("none"), "train");
  assert.equal(words("plain"), "train --lr 0.1 --big true --small false --none  --layers [64,32] --name it's");
  assert.equal(words("argparse"), "train --lr 0.1 --big --layers 64 32 --name it's");
  assert.equal(words("click"), "train --lr 0.1 --big --no-small --layers 64 --layers 32 --name it's");
  assert.equal(words("hydra"), "train lr=0.1 big=true small=false none=null layers=[64,32] name='it\\'s'");
});

test("infinities and small negative numbers are options that each library takes", () => {
  const parameters = { a: Number.NEGATIVE_INFINITY, b: [Number.POSITIVE_INFINITY], c: -1e-7 };
  const words = (options: "plain" | "argparse" | "click" | "hydra"): string =>
    commandLine({ command: ["train"], parameters, options }, { codeFolder: null, inputsFolder: null }).join(" ");
  assert.equal(words("plain"), "train --a -Infinity --b [Infinity] --c -1e-7");
  assert.equal(words("argparse"), "train --a=-Infinity --b Infinity --c=-1e-7");
  assert.equal(words("click"), "train --a -Infinity --b Infinity --c -1e-7");
  assert.equal(words("hydra"), "train a=-inf b=[inf] c=-1e-7");
});
