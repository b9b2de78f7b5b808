import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ChartOptions, chartRows, type Series } from "../../../../coordinator/chart/braille.ts";
import { dotForms } from "../../../../coordinator/chart/dots.ts";
import { niceTicks, tickText } from "../../../../coordinator/chart/ticks.ts";

const line = { points: Array.from({ length: 21 }, (_, x) => ({ x, y: x })) };

/** A chart as plain text. */
const chartText = (series: readonly Series[], options: ChartOptions): string[] =>
  chartRows(series, options).map((row) =>
    row
      .map(({ text }) => text)
      .join("")
      .trimEnd(),
  );

describe("a chart", () => {
  test("a chart is drawn in braille, with the ends of its axes", () => {
    assert.deepEqual(chartText([line], { width: 24, height: 6, xName: "iters" }), [
      " 20┤                ⢀⡠⠔⠊",
      "   │            ⢀⡠⠔⠊⠁",
      "   │        ⣀⠤⠒⠊⠁",
      "   │    ⣀⠤⠒⠉",
      "  0┤⣀⠤⠒⠉",
      "    0              iters",
    ]);
  });

  test("a chart is drawn in blocks or in ASCII, for fonts without braille", () => {
    assert.match(chartText([line], { width: 24, height: 6, form: "block" }).join("\n"), /^[ │┤▀▄█\d\n]*$/);
    assert.match(chartText([line], { width: 24, height: 6, form: "ascii" }).join("\n"), /^[ |+*\d\n]*$/);
  });

  test("a chart has a gap where nothing was measured, and says which series each piece belongs to", () => {
    const points = [0, 1, 2, Number.NaN, 8, 9, 10].map((y, x) => ({ x, y }));
    const rows = chartRows([{ points }, { points: [{ x: 0, y: 10 }] }], { width: 40, height: 10 });
    const text = rows.map((row) => row.map((piece) => piece.text).join("")).join("\n");
    assert.match(text, /[⠁-⣿] +[⠁-⣿]/);
    assert.deepEqual([...new Set(rows.flatMap((row) => row.map(({ series }) => series)))].sort(), [-1, 0, 1]);
  });

  test("a chart draws a band of one standard deviation in which the curve is still seen", () => {
    const points = Array.from({ length: 30 }, (_, x) => ({ x, y: 5, spread: 2 }));
    const text = chartText([{ points }], { width: 30, height: 9 });
    assert.ok(text.filter((row) => /[⠁-⣿]/.test(row)).length >= 6);
    assert.ok(
      text.some((row) => /([⠉⠒⠤⣀⠛⠭⠶⠿])\1{5}/.test(row) || /[⠁-⣿]{20}/.test(row)),
      text.join("\n"),
    );
  });

  test("a chart labels each curve at its end, and no label covers another", () => {
    const flat = (y: number, to: number, label: string) => ({ points: [0, to].map((x) => ({ x, y })), label });
    const series = [flat(1, 10, "#1"), flat(1, 10, "#2"), flat(0, 5, "run1.3")];
    const text = chartText(series, { width: 40, height: 8 });
    assert.match(text.join("\n"), /#1\n/);
    assert.match(text.join("\n"), /#2\n/);
    assert.match(text[6] ?? "", /[⠁-⣿]run1\.3$/);
  });

  test("a chart is always as large as was asked, whatever the points", () => {
    const point = fc.record({ x: fc.double(), y: fc.double(), spread: fc.double({ min: 0, noNaN: true }) });
    const series = fc.array(
      fc.record({ points: fc.array(point, { maxLength: 30 }), label: fc.constantFrom("", "#1", "run1.22") }),
      { minLength: 1, maxLength: 4 },
    );
    const size = fc.record({ width: fc.integer({ min: 12, max: 90 }), height: fc.integer({ min: 3, max: 30 }) });
    fc.assert(
      fc.property(series, size, fc.constantFrom(...dotForms), (all, { width, height }, form) => {
        const sorted = all.map(({ points, label }) => ({ points: points.toSorted((a, b) => a.x - b.x), label }));
        const rows = chartRows(sorted, { width, height, form });
        assert.ok(rows.length === 0 || rows.length === height);
        for (const row of rows) assert.equal(row.map(({ text }) => text).join("").length, width);
      }),
    );
  });

  test("a chart draws a step as a step, also where both of its ends lie in one column", () => {
    const points = [0, 50, 50, 100].map((x, i) => ({ x, y: i < 2 ? 0 : 10 }));
    assert.deepEqual(chartText([{ points }], { width: 24, height: 5 }), [
      " 10┤          ⡏⠉⠉⠉⠉⠉⠉⠉⠉⠉",
      "   │          ⡇",
      "   │          ⡇",
      "  0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡇",
      "    0                100",
    ]);
  });

  test("a chart's axis has only whole numbers where things are counted", () => {
    const points = [1, 2].map((x) => ({ x, y: x }));
    const axis = (isWhole: boolean): string => chartText([{ points }], { width: 60, height: 5, isWhole }).at(-1) ?? "";
    assert.match(axis(true), /^ +1 +2$/);
    assert.match(axis(false), /1\.5/);
  });

  test("a chart is empty if there is nothing to draw or no room", () => {
    assert.deepEqual(chartText([{ points: [] }], { width: 40, height: 10 }), []);
    assert.deepEqual(chartText([line], { width: 5, height: 10 }), []);
  });
});

describe("ticks", () => {
  test("ticks are round numbers", () => {
    assert.deepEqual(niceTicks(0, 1, 5).values, [0, 0.5, 1]);
    assert.deepEqual(niceTicks(0, 100, 6).values, [0, 20, 40, 60, 80, 100]);
    assert.deepEqual(niceTicks(0.0031, 0.0492, 4).values, [0.01, 0.02, 0.03, 0.04]);
    assert.deepEqual(niceTicks(0.3, 1.4, 2).values, [0.5, 1]);
    assert.deepEqual(niceTicks(1, 3, 9, 1).values, [1, 2, 3]);
    assert.deepEqual(niceTicks(3, 3, 4).values, [3]);
    assert.deepEqual(niceTicks(Number.NaN, 3, 4).values, []);
    assert.deepEqual(
      ["0.02", "100k", "2500", "1.0e-7"],
      [tickText(0.02, 2), tickText(100_000, 0), tickText(2500, 0), tickText(1e-7, 7)],
    );
  });

  test("ticks lie in the range and are no more than asked", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        (low, size, most) => {
          const { values } = niceTicks(low, low + size, most);
          assert.ok(values.length <= most);
          const room = Math.max(Math.abs(low), size) * 1e-6;
          for (const value of values) assert.ok(value >= low - room && value <= low + size + room);
        },
      ),
    );
  });
});
