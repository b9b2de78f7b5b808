import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FilterError } from "../../../../../coordinator/runs/filter.ts";
import type { ScreenColumn } from "../../../../../coordinator/tui/lists/columns.ts";
import { ListView } from "../../../../../coordinator/tui/lists/list-view.ts";
import { rowTest, terms } from "../../../../../coordinator/tui/lists/row-filter.ts";
import { sortedBy } from "../../../../../coordinator/tui/lists/sorted-by.ts";

interface Row {
  readonly id: string;
  value: number | undefined;
}

const columns: readonly ScreenColumn<Row>[] = [
  { name: "id", kind: "text", about: "", priority: 0, value: ({ id }) => id },
  { name: "value", kind: "measure", about: "", priority: 0, value: ({ value }) => value },
];

function listOf(rows: Row[]): ListView<Row> {
  return new ListView<Row>({
    rows: (most) => rows.slice(0, most),
    total: () => rows.length,
    keyOf: ({ id }) => id,
    columns: () => columns,
  });
}

const ids = (list: ListView<Row>): string[] => list.rows.map(({ id }) => id);
const numbered = (count: number): Row[] => Array.from({ length: count }, (_, i) => ({ id: `row${i}`, value: i }));

describe("a list", () => {
  test("a list keeps the selection on the row, not on the place", () => {
    const rows = numbered(5);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.move(2, 0);
    assert.equal(list.selected?.id, "row2");
    rows.unshift({ id: "new", value: 9 });
    list.refresh(2, 10_000);
    assert.equal(list.selected?.id, "row2");
    assert.deepEqual(list.visible(10).selected, 3);
  });

  test("a list's copied row has infinite numbers as the commands' JSON has them", () => {
    const list = listOf([{ id: "up", value: Number.POSITIVE_INFINITY }]);
    list.refresh(1, 0);
    assert.deepEqual(list.copy, { text: '{"id":"up","value":"Infinity"}', what: "up" });
  });

  test("a list stands still for three seconds after someone moved in it, and while it is frozen", () => {
    const rows = numbered(3);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.move(1, 5000);
    rows.push({ id: "late", value: 1 });
    list.refresh(2, 7900);
    assert.equal(list.rows.length, 3);
    list.refresh(2, 8100);
    assert.equal(list.rows.length, 4);
    list.isFrozen = true;
    rows.push({ id: "later", value: 1 });
    list.refresh(3, 100_000);
    assert.equal(list.rows.length, 4);
    list.isFrozen = false;
    list.refresh(3, 100_001);
    assert.equal(list.rows.length, 5);
  });

  test("a list sorts at once when asked, and again at most once a second", () => {
    const rows = numbered(3);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.sortBy("value", 10);
    assert.equal(list.sortName, "value");
    assert.deepEqual(ids(list), ["row2", "row1", "row0"]);
    const [first] = rows;
    if (first) first.value = 99;
    list.refresh(2, 500);
    assert.deepEqual(ids(list), ["row2", "row1", "row0"]);
    list.refresh(2, 1500);
    assert.deepEqual(ids(list), ["row0", "row2", "row1"]);
    list.turnSort(1600);
    assert.deepEqual(ids(list), ["row1", "row2", "row0"]);
  });

  test("a sorted list starts with the best: high measures, low ones if less is better, names from a", () => {
    const sorting: readonly ScreenColumn<Row>[] = [
      { name: "rank", kind: "count", about: "", priority: 0, best: "low", value: ({ value }) => value },
      { name: "id", kind: "text", about: "", priority: 0, value: ({ id }) => id },
      { name: "value", kind: "measure", about: "", priority: 0, value: ({ value }) => value },
      {
        name: "loss",
        kind: "measure",
        about: "",
        priority: 0,
        value: ({ value }) => value,
        rank: ({ id }) => -Number(id.at(-1)),
      },
    ];
    const rows = numbered(3);
    const list = new ListView<Row>({ rows: () => rows, keyOf: ({ id }) => id, columns: () => sorting });
    list.refresh(1, 0);
    for (const [name, first] of [
      ["rank", "row0"],
      ["id", "row0"],
      ["loss", "row0"],
      ["value", "row2"],
    ] as const) {
      list.sortBy(name, 1);
      assert.equal(list.rows[0]?.id, first, String(list.sortName));
    }
    list.turnSort(1);
    assert.equal(list.rows[0]?.id, "row0");
  });

  test("a list is shown from the top after a change of order or filter, unless it follows a row", () => {
    const list = listOf(numbered(1000));
    list.refresh(1, 0);
    const topAfter = (change: () => void): number => {
      list.visible(10);
      list.move(700, 0);
      assert.ok(list.visible(10).top > 500);
      change();
      return list.visible(10).top;
    };
    for (const change of [
      () => list.sortBy("value", 0),
      () => list.sortBy("value", 0),
      () => list.turnSort(0),
      () => list.sortBy(null, 0),
      () => list.setFilter("value>=0", 0),
      () => list.setFilter("", 0),
    ]) {
      list.toStart(0);
      assert.equal(topAfter(change), 0);
      assert.notEqual(list.selectedKey, null, "the selection stays with its row");
    }
    list.isFollowing = true;
    list.toStart(0);
    assert.ok(topAfter(() => list.sortBy("value", 0)) > 0);
  });

  test("a list scrolls without selecting, and not beyond its ends", () => {
    const list = listOf(numbered(1000));
    list.refresh(1, 0);
    list.visible(10);
    list.scroll(-3, 0);
    assert.equal(list.visible(10).top, 0);
    list.scroll(300, 0);
    assert.equal(list.visible(10).top, 300);
    assert.equal(list.selectedKey, null);
    list.scroll(5000, 0);
    assert.equal(list.visible(10).top, 990);
  });

  test("a list makes only the first of many rows, until someone goes to its end", () => {
    const list = listOf(numbered(10_000));
    list.refresh(1, 0);
    assert.ok(list.rows.length < 500);
    assert.equal(list.total, 10_000);
    list.toEnd(10);
    assert.equal(list.selected?.id, "row9999");
    assert.equal(list.visible(20).rows.at(-1)?.id, "row9999");
    list.toStart(20);
    list.refresh(2, 10_000);
    assert.ok(list.rows.length < 500);
  });

  test("a list follows its row only when told to", () => {
    const rows = numbered(50);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.move(1, 0);
    list.visible(5);
    const moved = rows.splice(1, 1);
    rows.push(...moved);
    list.refresh(2, 10_000);
    assert.equal(list.visible(5).selected, -1);
    list.isFollowing = true;
    list.reorderNow(20_000);
    assert.ok(list.visible(5).selected >= 0);
  });

  test("a list has no row in the place of a selected one that its filter leaves out, and says so", () => {
    const list = listOf(numbered(5));
    list.refresh(1, 0);
    assert.equal(list.selected?.id, "row0", "nothing was selected: the first");
    list.move(2, 0);
    list.setFilter("value>2", 0);
    assert.deepEqual([list.selected, list.copy], [undefined, undefined]);
    assert.equal(list.whyNothing("empty"), "the selected row is not in the list; choose another, or press Esc");
    list.setFilter("", 0);
    assert.equal(list.selected?.id, "row2");
    assert.equal(list.whyNothing("empty"), "empty");
  });

  test("a list keeps the row that it follows, however many come before it", () => {
    const rows = numbered(1000);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.move(1, 0);
    rows.unshift(...numbered(300).map(({ id, value }) => ({ id: `new ${id}`, value })));
    list.refresh(2, 10_000);
    assert.equal(list.selected, undefined);
    list.turnFollowing(10_000);
    const isShown = (): boolean => list.selected?.id === "row1" && list.visible(5).selected >= 0;
    assert.ok(isShown());
    rows.unshift(...numbered(300).map(({ id, value }) => ({ id: `newer ${id}`, value })));
    list.refresh(3, 20_000);
    assert.ok(isShown());
    list.turnFollowing(30_000);
    list.refresh(4, 30_000);
    assert.ok(list.rows.length < 500);
  });
});

test("a list's rows without a value come last in both directions", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double(), { nil: undefined })), fc.boolean(), (values, isDescending) => {
      const sorted = sortedBy(values, (value) => value, isDescending);
      const isMissing = (value: number | undefined): boolean => value === undefined || Number.isNaN(value);
      const present = sorted.filter((value) => !isMissing(value));
      assert.ok(sorted.slice(present.length).every(isMissing));
      for (const [i, value] of present.entries()) {
        const next = present[i + 1];
        if (next !== undefined && value !== undefined) assert.ok(isDescending ? value >= next : value <= next);
      }
    }),
  );
});

describe("the filter's terms", () => {
  const passes = (text: string, row: Row): boolean => rowTest(text, columns)(row);

  test("a filter's terms are split at spaces, but not around operators or in quotes", () => {
    assert.deepEqual(terms(`lr = 0.0004  runs>3 !failed why="no sign of life" "two words" lr<>1`), [
      { text: "lr = 0.0004", at: 0 },
      { text: "runs>3", at: 13 },
      { text: "!failed", at: 20 },
      { text: `why="no sign of life"`, at: 28 },
      { text: `"two words"`, at: 50 },
      { text: "lr<>1", at: 62 },
    ]);
  });

  test("a filter's terms must all hold; a word is searched for in texts, and ! negates it", () => {
    assert.ok(passes("value>1 row", { id: "row7", value: 2 }));
    assert.ok(!passes("value>1 row", { id: "row7", value: 1 }));
    assert.ok(!passes("!row", { id: "row7", value: 1 }));
    assert.ok(passes("!row", { id: "other", value: 1 }));
    assert.ok(!passes("value>1", { id: "a", value: undefined }));
  });

  test("a filter's word and a negated word after it are two terms; != is still an operator", () => {
    const texts = (text: string): string[] => terms(text).map((term) => term.text);
    assert.deepEqual(texts("row !other"), ["row", "!other"]);
    assert.deepEqual(texts("lab-1 !failed lr != 1 done"), ["lab-1", "!failed", "lr != 1", "done"]);
    assert.ok(passes("row !other", { id: "row7", value: 1 }));
    assert.ok(!passes("row !other", { id: "row of other", value: 1 }));
  });

  test("a word is a status only where rows have a run's status; elsewhere it is searched for", () => {
    assert.ok(passes("failed", { id: "has failed", value: 1 }));
    const ofWorkers = [{ name: "status", kind: "text", value: ({ id }: Row) => id }] as const;
    assert.ok(rowTest("failed", ofWorkers)({ id: "3 failed", value: 1 }));
    const ofRuns = [{ name: "status", kind: "text", isStatus: true, value: ({ id }: Row) => id }] as const;
    assert.ok(!rowTest("failed", ofRuns)({ id: "3 failed", value: 1 }));
    assert.ok(rowTest("failed", ofRuns)({ id: "error", value: 1 }));
  });
});

test("a filter that cannot be used says where, in all that was typed", () => {
  for (const [text, at, length, problem] of [
    ["row valeu>1", 4, 5, /there is no column "valeu" here; did you mean value\?/],
    ["value = ", 8, 1, /expected a value/],
    ["row  value~3", 12, 1, /expected one of = ==/],
    ["value>high", 6, 4, /value is a number, and "high" is not/],
    ['id="row', 3, 4, /expected another "/],
    ["id  rowing=3", 4, 6, /there is no column "rowing" here; there are: id value/],
  ] as const) {
    assert.throws(
      () => rowTest(text, columns),
      (error) => {
        assert.ok(error instanceof FilterError);
        assert.match(error.problem, problem, text);
        assert.deepEqual([error.at, error.length], [at, length], text);
        return true;
      },
    );
  }
});
