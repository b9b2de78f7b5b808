import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { screenNames } from "../../../../coordinator/tui/keys.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { rendered } from "../../../../coordinator/tui/terminal/styled.ts";
import { openTerminal } from "../../../../coordinator/tui/terminal/terminal.ts";
import { storyStart } from "../../../support/stories/job-story.ts";
import { SimulatedSearch } from "../../../support/stories/simulated-search.ts";
import { fakeTty } from "../../../support/terminal/fake-tty.ts";

const mostBytes = 16 * 1024;

/** What frames cost in time and memory is measured by `npm run bench -- screen`. */
describe("a screen of 10,000 runs and 100 workers", () => {
  for (const [columns, rows] of [
    [120, 40],
    [200, 60],
  ] as const) {
    test(`a screen of 10,000 runs and 100 workers sends at most 16 KiB a frame at ${columns}x${rows}`, async () => {
      const search = new SimulatedSearch({ runs: 10_000, workers: 100 }, storyStart);
      const { output, ports } = fakeTty(columns, rows);
      const terminal = openTerminal({ colour: true, unicode: true }, ports);
      let now = 0;
      for (const name of screenNames) {
        search.model.show(name);
        // The first frame of a screen changes every line of it.
        for (let i = 0; i < 16; i += 1) {
          now += 125;
          if (now % 1000 === 0) search.second(now);
          const { written } = terminal;
          terminal.draw(frameLines(search.model, columns, rows, now).map((line) => rendered(line, terminal.look)));
          await new Promise((resolve) => setImmediate(resolve));
          assert.ok(terminal.written - written <= mostBytes, `${name}: ${terminal.written - written} bytes`);
        }
      }
      terminal.restore();
      output.release();
    });
  }
});
