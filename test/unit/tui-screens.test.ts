import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { frameLines } from "../../coordinator/tui/frame.ts";
import { screenNames } from "../../coordinator/tui/keys.ts";
import { type Look, lineText, rendered } from "../../coordinator/tui/styled.ts";
import { packageRoot } from "../../shared/component-defaults.ts";
import { storyStart } from "../support/job-story.ts";
import { SimulatedSearch } from "../support/simulated-search.ts";

const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
] as const;
const folder = join(packageRoot(), "test", "fixtures", "screens");

/** A search of 300 runs on 12 workers, some minutes further on. */
function search(look: Look): SimulatedSearch {
  const simulated = new SimulatedSearch({ runs: 400, workers: 12, ...look }, storyStart);
  for (let second = 1; second <= 40; second += 1) simulated.second(second * 1000, 90);
  return simulated;
}

/** Every screen and page at a size, one under the other. */
function allScreens(look: Look, width: number, height: number): string {
  const simulated = search(look);
  const { model } = simulated;
  let now = 60_000;
  const parts: string[] = [];
  const take = (name: string): void => {
    now += 10_000;
    simulated.tellStatus(now);
    const lines = frameLines(model, width, height, now);
    assert.equal(lines.length, height, `${name} has ${lines.length} lines`);
    for (const line of lines) assert.equal(lineText(line).length, width, `${name}: ${lineText(line)}`);
    const text = lines.map((line) => rendered(line, look).replaceAll("\u001b", "\\e")).join("\n");
    parts.push(`=== ${name}\n${text}\n`);
  };
  for (const name of screenNames) {
    model.show(name);
    take(name);
  }
  model.show("Standings");
  const [best] = model.lists.standings.rows;
  model.open({ kind: "run set", key: best?.key ?? "" });
  take("Run set");
  const trial = model.table?.trials.findLast(({ attempts }) => attempts.length > 1) ?? model.table?.trials.at(-1);
  model.consoles.set(trial?.n ?? 0, "the first line\nthe last line, with a tab\tand an escape \u001b[31m\n");
  model.open({ kind: "run", n: trial?.n ?? 0 });
  take("Run");
  model.isHelpOpen = true;
  take("Help");
  return parts.join("\n");
}

/** Compares with a file that a reviewer reads; GOLDEN=write writes it. */
function isGolden(name: string, text: string): void {
  const file = join(folder, name);
  if (process.env["GOLDEN"] === "write") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
}

describe("every screen looks as it was approved", () => {
  for (const [width, height] of sizes) {
    test(`${width}x${height}`, () => {
      isGolden(`${width}x${height}.txt`, allScreens({ colour: false, unicode: true }, width, height));
    });
    test(`${width}x${height} in colour`, () => {
      isGolden(`${width}x${height}-colour.txt`, allScreens({ colour: true, unicode: true }, width, height));
    });
  }

  test("80x24 in ASCII", () => {
    const text = allScreens({ colour: false, unicode: false }, 80, 24);
    assert.match(text, /^[\n -~]*$/);
    isGolden("80x24-ascii.txt", text);
  });
});

describe("sizes", () => {
  test("below 60x12 there is a line that says so", () => {
    const { model } = search({ colour: false, unicode: true });
    for (const [width, height] of [
      [59, 11],
      [59, 40],
      [200, 11],
      [3, 2],
    ] as const) {
      const lines = frameLines(model, width, height, 1).map(lineText);
      assert.deepEqual(lines, [`${width}x${height} is too small: 60x12 at least; the search goes on`.slice(0, width)]);
    }
  });

  test("every size from 60x12 on is filled exactly, on every screen", () => {
    const { model } = search({ colour: false, unicode: true });
    let now = 100_000;
    for (const name of screenNames) {
      model.show(name);
      for (let i = 0; i < 40; i += 1) {
        const [width, height] = [60 + ((i * 37) % 190), 12 + ((i * 17) % 60)];
        now += 300;
        const lines = frameLines(model, width, height, now);
        assert.equal(lines.length, height, `${name} at ${width}x${height}`);
        assert.ok(
          lines.every((line) => lineText(line).length === width),
          `${name} at ${width}x${height}`,
        );
      }
    }
  });
});

test("names with escapes, emoji and wide letters move nothing", () => {
  const { model } = new SimulatedSearch({ runs: 5, workers: 2 }, storyStart);
  const worker = [...model.state.workers.values()][0];
  assert.ok(worker);
  worker.host = "\u001b[2J🚀 実験室 e\u0301\r\n";
  model.version += 1;
  model.show("Workers");
  const text = frameLines(model, 120, 30, 10_000).map(lineText).join("\n");
  assert.match(text, /\?\[2J\? \?\?\? e\?\?\?/);
  for (const character of ["\u001b", "\r", "🚀", "実"]) assert.ok(!text.includes(character));
});
