import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { widthOf } from "../../../../coordinator/words/cell-width.ts";
import {
  decimalsFor,
  decimalsTyped,
  formatDecimal,
  parseNumberFormat,
} from "../../../../coordinator/words/number-format.ts";
import { estimateText } from "../../../../coordinator/words/progress.ts";
import { type Cell, laidTable, RowTable, tableColumn, tableLines } from "../../../../coordinator/words/table.ts";
import { hiddenColumnsNote } from "../../../../coordinator/words/table-layout.ts";
import { maximised } from "../../../../shared/domain/goal.ts";

test("a table's column has the decimals that its smallest value needs for two digits, at least three", () => {
  assert.equal(decimalsFor([0.038, 0.045]), 3);
  assert.equal(decimalsFor([0.0067, 0.0472]), 4);
  assert.equal(decimalsFor([0.00016, 0.001]), 5);
  assert.equal(decimalsFor([0, -0.00016, 12]), 5);
  assert.equal(decimalsFor([12.5, 3000]), 3);
  assert.equal(decimalsFor([0.000996]), 4, "0.0010 has two digits");
  assert.equal(decimalsFor([0.001]), 4);
  assert.equal(decimalsFor([1e-30]), 9, "no more than nine");
  assert.equal(decimalsFor([]), 3);
  assert.equal(decimalsFor([0, Number.NaN, Number.POSITIVE_INFINITY]), 3);
});

test("any column of a table shows its smallest value with two digits, or with an exponent", () => {
  const measured = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  fc.assert(
    fc.property(fc.array(measured, { minLength: 1 }), (values) => {
      const decimals = decimalsFor(values);
      for (const value of values) {
        const shown = Number(formatDecimal(value, decimals));
        assert.equal(shown === 0, value === 0);
        assert.ok(Math.abs(shown - value) <= Math.max(0.05 * Math.abs(value), 1e-15), `${value} shown as ${shown}`);
      }
    }),
    { examples: [[[1e-12, 5]], [[0.099999]], [[-0]]] },
  );
});

test("a huge value in a table is printed with three digits and an exponent", () => {
  assert.equal(formatDecimal(-2.46535358840342e23, 3), "-2.47e+23");
  assert.equal(formatDecimal(1e15, 3), "1.00e+15");
  assert.equal(formatDecimal(123_456_789_012_345, 3), "123456789012345.000");
  assert.deepEqual(tableColumn("hpmax", "measure", [5.363370729578177e24, -0.5]).cells, ["5.36e+24", "-0.500"]);
  const estimate = { estimate: -2.46535358840342e23, stDev: 5.363370729578177e24 };
  assert.equal(estimateText(maximised, estimate, " ±"), "-2.47e+23 ±5.36e+24");
});

test("settings in a table keep the digits with which they were typed", () => {
  assert.deepEqual([0.125, 1.6e-4, 5, 1e21, 1e-7, 0.1 + 0.2].map(decimalsTyped), [3, 5, 0, 0, 7, 0]);
  assert.deepEqual(tableColumn("disc", "setting", [0.999, 0.9995]).cells, ["0.9990", "0.9995"]);
  assert.deepEqual(tableColumn("disc", "measure", [0.999, 0.9995]).cells, ["0.999", "1.000"]);
});

test("integers in a table print plainly as counts and settings, and with decimals as measures", () => {
  assert.deepEqual(tableColumn("iters", "count", [100000, 5]).cells, ["100000", "5"]);
  assert.deepEqual(tableColumn("out", "setting", [1024, 64]).cells, ["1024", "64"]);
  assert.deepEqual(tableColumn("s1-win", "measure", [1, 0]).cells, ["1.000", "0.000"]);
  assert.deepEqual(tableColumn("units", "setting", [1, 0.5]).cells, ["1.000", "0.500"]);
});

test("in a table, numbers are right-aligned, words left-aligned, and missing values empty", () => {
  const lines = tableLines([
    tableColumn("core", "setting", ["GRU", null, true]),
    tableColumn("lr", "setting", [0.1, undefined, 0.25]),
    tableColumn("hpmax", "measure", [undefined, undefined, undefined]),
    tableColumn("run", "text", ["run1", "run1.1", "run1.2"]),
  ]);
  assert.deepEqual(lines, [
    "core     lr  hpmax  run",
    "",
    "GRU   0.100         run1",
    "null                run1.1",
    "true  0.250         run1.2",
  ]);
});

test("a table's header is repeated below more than five rows", () => {
  const column = (rows: number) =>
    tableColumn(
      "n",
      "count",
      Array.from({ length: rows }, (_, i) => i),
    );
  assert.equal(tableLines([column(5)]).length, 7);
  assert.deepEqual(tableLines([column(6)]).slice(-2), ["", "n"]);
  assert.deepEqual(tableLines([column(0)]), ["n", ""]);
});

test("precision, number formats and widths apply to a table's cells", () => {
  assert.deepEqual(tableColumn("x", "measure", [0.00012, 1]).cells, ["0.00012", "1.00000"]);
  assert.deepEqual(tableColumn("x", "measure", [0.00012, 1], { precision: 2 }).cells, ["0.00", "1.00"]);
  assert.deepEqual(tableColumn("x", "count", [12], { precision: 2 }).cells, ["12"]);
  const scientific = parseNumberFormat(".1e");
  assert.deepEqual(tableColumn("x", "measure", [0.00012], { number: scientific }).cells, ["1.2e-4"]);
  assert.equal(parseNumberFormat(".3f")?.(0.12345), "0.123");
  assert.equal(parseNumberFormat("d")?.(12.6), "13");
  assert.equal(parseNumberFormat(".3f")?.(Number.NaN), "nan");
  assert.equal(parseNumberFormat("3f"), undefined);
  assert.deepEqual(tableColumn("x", "text", ["abcdefgh", "abc"], { maxWidth: 5 }).cells, ["abc..", "abc"]);
  const whole = tableColumn("x", "setting", [123456, "abcdefgh", 0.000125], { maxWidth: 3 }).cells;
  assert.deepEqual(whole, ["123456.000000", "a..", "0.000125"], "half a number would be another number");
});

test("a table prints nothing that moves the cursor", () => {
  assert.deepEqual(tableColumn("reason", "text", ["a\u001b[2Jb\r\nc"]).cells, ["a [2Jb c"]);
  assert.equal(formatDecimal(Number.NEGATIVE_INFINITY, 3), "-inf");
});

test("a table that is read row by row is the same as one whose columns are held", () => {
  const cell = fc.oneof(fc.constant(undefined), fc.double(), fc.integer(), fc.constant(null), fc.string());
  const kind = fc.constantFrom("text", "count", "measure", "setting");
  const format = fc.record({ precision: fc.constantFrom(undefined, 2), maxWidth: fc.constantFrom(undefined, 5) });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell), { maxLength: 9 }),
      fc.tuple(kind, kind),
      format,
      (rows: (readonly [Cell, Cell])[], kinds, shared) => {
        const held = kinds.map((each, i) =>
          tableColumn(
            `c${i}`,
            each,
            rows.map((row) => row[i]),
            { ...shared, absent: () => "-" },
          ),
        );
        const read = kinds.map((each, i) => ({
          header: `c${i}`,
          kind: each,
          cell: (row: readonly [Cell, Cell]) => row[i],
          format: shared,
          absent: () => "-",
        }));
        assert.deepEqual([...new RowTable(read, rows).lines(rows, rows.length)], tableLines(held));
      },
    ),
  );
});

const spare = tableColumn("worker", "text", ["lab-1", "lab-2"]);
const idle = tableColumn("idle", "count", [1, 200]);
const clock = tableColumn("clock", "count", [7, 8]);
const why = tableColumn("why", "text", ["it is lent to nobody until its owner has gone home", "idle"]);

test("a table's last column of text is broken between words on a terminal, and whole in a pipe", () => {
  assert.deepEqual(laidTable([spare, idle, why], 42).lines, [
    "worker  idle  why",
    "",
    "lab-1      1  it is lent to nobody until",
    "              its owner has gone home",
    "lab-2    200  idle",
  ]);
  assert.equal(tableLines([spare, idle, why])[2], "lab-1      1  it is lent to nobody until its owner has gone home");
});

test("a table's columns without room go, the least important first, and its header counts them", () => {
  const kept = { ...clock, priority: 0 };
  assert.deepEqual(laidTable([spare, idle, kept], 18), {
    lines: ["worker  clock  +1", "", "lab-1       7", "lab-2       8"],
    hidden: ["idle"],
    hasCut: false,
  });
  const minor = { ...spare, priority: 20 };
  assert.deepEqual(laidTable([minor, idle, clock], 17).hidden, ["worker"]);
  assert.deepEqual(laidTable([spare, idle, clock, why], 34).hidden, ["idle", "clock"], "sentences say the most");
  assert.match(hiddenColumnsNote(["clock", "idle"]), /^2 columns have no room on this terminal: clock, idle; .*\n$/);
  assert.equal(
    hiddenColumnsNote(["clock"], 40),
    "1 column has no room on this terminal:\n  clock; a wider one and a pipe show all\n",
  );
  assert.equal(hiddenColumnsNote([]), "");
});

test("a table fits every terminal that has room for one column, streamed or not", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 60 }).map((each) => each.replace(/\s+/g, " "));
  const shape = fc.record({
    columns: fc.array(fc.array(fc.oneof(text, fc.integer()), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 6,
    }),
    width: fc.integer({ min: 64, max: 120 }),
  });
  fc.assert(
    fc.property(shape, ({ columns, width }) => {
      const made = columns.map((cells, i) => tableColumn(`c${i}`, "text", cells));
      const { lines } = laidTable(made, width);
      assert.ok(lines.every((line) => widthOf(line) <= width));
      const rows = [0, 1, 2];
      const cells = columns.map((column, i) => ({
        header: `c${i}`,
        kind: "text" as const,
        cell: (row: number): Cell => column[row],
        format: {},
        absent: () => "",
      }));
      assert.deepEqual([...new RowTable(cells, rows, width).lines(rows, 3)], lines);
    }),
  );
});
