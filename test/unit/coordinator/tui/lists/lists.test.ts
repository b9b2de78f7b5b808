import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { meanCurve, RunCurve, rangeCurves } from "../../../../../coordinator/live/curve-store.ts";
import { EventList } from "../../../../../coordinator/live/event-list.ts";
import { FilterError } from "../../../../../coordinator/runs/filter.ts";
import type { ScreenColumn } from "../../../../../coordinator/tui/lists/columns.ts";
import { ListView, sortedBy } from "../../../../../coordinator/tui/lists/list-view.ts";
import { rowTest, terms } from "../../../../../coordinator/tui/lists/row-filter.ts";
import { FrameClock } from "../../../../../coordinator/tui/terminal/frame-clock.ts";
import { canShowScreen, lookOf } from "../../../../../coordinator/tui/terminal/look.ts";
import { clip, narrow } from "../../../../../coordinator/words/narrow.ts";

interface Row {
  readonly id: string;
  value: number | undefined;
}

const columns: readonly ScreenColumn<Row>[] = [
  { name: "id", kind: "text", priority: 0, value: ({ id }) => id },
  { name: "value", kind: "measure", priority: 0, value: ({ value }) => value },
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
  test("keeps the selection on the row, not on the place", () => {
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

  test("stands still for three seconds while someone moves in it, and for as long as it is frozen", () => {
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

  test("sorts at once when asked, and again at most once a second", () => {
    const rows = numbered(3);
    const list = listOf(rows);
    list.refresh(1, 0);
    list.sortByNext(10);
    list.sortByNext(10);
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

  test("begins with the best when it is sorted: high measures, low ones where less is better, names from a on", () => {
    const sorting: readonly ScreenColumn<Row>[] = [
      { name: "rank", kind: "count", priority: 0, best: "low", value: ({ value }) => value },
      { name: "id", kind: "text", priority: 0, value: ({ id }) => id },
      { name: "value", kind: "measure", priority: 0, value: ({ value }) => value },
    ];
    const rows = numbered(3);
    const list = new ListView<Row>({ rows: () => rows, keyOf: ({ id }) => id, columns: () => sorting });
    list.refresh(1, 0);
    for (const first of ["row0", "row0", "row2"]) {
      list.sortByNext(1);
      assert.equal(list.rows[0]?.id, first, String(list.sortName));
    }
    list.turnSort(1);
    assert.equal(list.rows[0]?.id, "row0");
  });

  test("asks for a window of a long list, and for all of it when someone goes to its end", () => {
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

  test("follows its row only when told to", () => {
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
});

test("rows without a value come last in both directions", () => {
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

  test("are split at spaces, but not around operators or in quotes", () => {
    assert.deepEqual(terms(`lr = 0.0004  runs>3 !failed why="no sign of life" "two words" lr<>1`), [
      { text: "lr = 0.0004", at: 0 },
      { text: "runs>3", at: 13 },
      { text: "!failed", at: 20 },
      { text: `why="no sign of life"`, at: 28 },
      { text: `"two words"`, at: 50 },
      { text: "lr<>1", at: 62 },
    ]);
  });

  test("all hold; a word is looked for in texts, and ! turns it round", () => {
    assert.ok(passes("value>1 row", { id: "row7", value: 2 }));
    assert.ok(!passes("value>1 row", { id: "row7", value: 1 }));
    assert.ok(!passes("!row", { id: "row7", value: 1 }));
    assert.ok(passes("!row", { id: "other", value: 1 }));
    assert.ok(!passes("value>1", { id: "a", value: undefined }));
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

describe("what happened", () => {
  test("is kept to 5,000 lines or so, and equal troubles fold", () => {
    const events = new EventList();
    for (let i = 0; i < 37; i += 1) events.add(i, `run1.${i} lost by lab-1, queued again: no sign of life`, "trouble");
    assert.equal(events.lines.length, 1);
    assert.deepEqual([events.lines[0]?.count, events.lines[0]?.text.slice(0, 7)], [37, "run1.36"]);
    for (let i = 0; i < 20_000; i += 1) events.add(i, `run1.${i} started on lab-1`, "info");
    assert.ok(events.lines.length >= 5000 && events.lines.length <= 6000);
    assert.equal(events.lines.at(-1)?.text, "run1.19999 started on lab-1");
  });
});

describe("a run's curve", () => {
  test("stays small however many reports come, and keeps its ends", () => {
    const curve = new RunCurve();
    for (let i = 1; i <= 100_000; i += 1) curve.add(1, i, i / 3600, i);
    assert.ok(curve.length <= 512);
    const points = curve.points("iters");
    assert.equal(points[0]?.x, 1);
    assert.ok((points.at(-1)?.x ?? 0) > 99_000);
    assert.deepEqual(curve.last, { iters: 100_000, value: 100_000 });
  });

  test("keeps every spike when it thins, and means of what it stands for", () => {
    const curve = new RunCurve();
    for (let i = 1; i <= 10_000; i += 1) curve.add(1, i, 0, i === 4321 ? 1000 : i === 8765 ? -1000 : i % 2);
    const ys = curve.envelope("iters").map(({ y }) => y);
    assert.deepEqual([Math.max(...ys), Math.min(...ys)], [1000, -1000]);
    const means = curve.points("iters").slice(0, 100);
    assert.ok(means.every(({ y }) => y === 0.5));
    assert.ok(curve.length <= 512);
    const gap = new RunCurve();
    for (let i = 1; i <= 2000; i += 1) gap.add(1, i, 0, i > 800 && i < 1200 ? Number.NaN : 1);
    assert.ok(gap.envelope("iters").some(({ y }) => Number.isNaN(y)));
  });

  test("takes each iteration once, and begins anew with a stage", () => {
    const curve = new RunCurve();
    curve.add(1, 10, 0, 1);
    curve.add(1, 10, 0, 99);
    curve.add(1, 5, 0, 99);
    curve.add(2, 10, 0, 3);
    curve.add(1, 20, 0, 99);
    assert.deepEqual(curve.points("iters"), [{ x: 10, y: 3 }]);
  });

  test("the mean of several counts at each place those that reach it", () => {
    const line = (to: number, slope: number) => Array.from({ length: to + 1 }, (_, x) => ({ x, y: slope * x }));
    const mean = meanCurve([line(10, 1), line(5, 3)], 11);
    assert.deepEqual(mean[0], { x: 0, y: 0, spread: 0 });
    assert.equal(mean[5]?.y, 10);
    assert.ok(Math.abs((mean[5]?.spread ?? 0) - Math.SQRT2 * 5) < 1e-9);
    assert.deepEqual(mean[10], { x: 10, y: 10, spread: 0 });
    const [low = [], high = []] = rangeCurves([line(10, 1), line(5, 3)], 11);
    assert.deepEqual(
      [low[4], high[4]],
      [
        { x: 4, y: 4 },
        { x: 4, y: 12 },
      ],
    );
    assert.deepEqual(
      [low[10], high[10]],
      [
        { x: 10, y: 10 },
        { x: 10, y: 10 },
      ],
    );
  });
});

describe("frames", () => {
  function clock(options: { cost?: number; drained?: boolean } = {}) {
    const state = { now: 0, frames: 0, rate: 0, cost: options.cost ?? 1, drained: options.drained ?? true };
    const frames = new FrameClock({
      draw: () => {
        state.frames += 1;
        return state.cost;
      },
      isDrained: () => state.drained,
      now: () => state.now,
      onRate: (rate) => {
        state.rate = rate;
      },
    });
    const run = (ms: number, isChanging = true): number => {
      const before = state.frames;
      for (const end = state.now + ms; state.now < end; state.now += 125) {
        if (isChanging) frames.change();
        frames.tick();
      }
      return state.frames - before;
    };
    return { state, run };
  }

  test("are at most eight a second, one when nothing changes, none while the last has not left", () => {
    const { state, run } = clock();
    assert.equal(run(4000), 32);
    assert.equal(run(4000, false), 4);
    state.drained = false;
    assert.equal(run(4000), 0);
    state.drained = true;
    assert.ok(run(4000) > 28);
  });

  test("are one a second when nobody has pressed a key for ten minutes", () => {
    const { state, run } = clock();
    state.now = 600_001;
    assert.equal(run(4000), 4);
  });

  test("are fewer while they cost too much, and as many as before when that is over", () => {
    const { state, run } = clock({ cost: 40 });
    assert.equal(run(2000), 16, "the first ones are not judged");
    assert.equal(state.rate, 0);
    run(4000);
    assert.ok(state.rate > 0 && state.rate <= 2, `${state.rate}`);
    state.cost = 2;
    run(60_000);
    assert.equal(state.rate, 0);
    assert.ok(run(4000) > 28);
  });
});

describe("text from outside", () => {
  test("is one cell a character and moves nothing", () => {
    assert.equal(narrow("plain ±é text"), "plain ±é text");
    assert.equal(narrow("a\u001b[31mb\tc\n"), "a?[31mb?c?");
    assert.equal(narrow("🚀 実 e\u0301 \u202e \u200d"), "? ? e? ? ?");
    assert.equal(clip("abcdefgh", 5), "abc..");
    assert.equal(clip("🚀🚀", 5), "??");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, width) => {
        const shown = clip(text, width);
        assert.ok(shown.length <= width);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left.
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

describe("a screen is shown", () => {
  const terminal = { input: { isTTY: true }, output: { isTTY: true } };

  test("only on a terminal that can, and not in CI", () => {
    assert.ok(canShowScreen(terminal, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, output: {} }, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, input: {} }, { TERM: "xterm" }));
    for (const environment of [{ TERM: "dumb" }, { TERM: "" }, {}, { TERM: "xterm", CI: "true" }]) {
      assert.ok(!canShowScreen(terminal, environment));
    }
  });

  test("in colour unless that is refused, in Unicode where the locale has it", () => {
    assert.deepEqual(lookOf({ LANG: "C.UTF-8" }), { colour: true, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "1" }), { colour: false, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1", FORCE_COLOR: "1" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1" }, "always").colour, true);
    assert.deepEqual(lookOf({ FORCE_COLOR: "1" }, "never").colour, false);
    assert.deepEqual(lookOf({ LANG: "en_GB.UTF-8", LC_ALL: "C" }).unicode, false);
  });
});
