import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { screenNames } from "../../../../coordinator/tui/keys.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { frameBudgetMs } from "../../../../coordinator/tui/terminal/frame-clock.ts";
import { rendered } from "../../../../coordinator/tui/terminal/styled.ts";
import { openTerminal } from "../../../../coordinator/tui/terminal/terminal.ts";
import { storyStart } from "../../../support/stories/job-story.ts";
import { SimulatedSearch } from "../../../support/stories/simulated-search.ts";
import { fakeTty } from "../../../support/terminal/fake-tty.ts";

const mostBytes = 16 * 1024;
const mostMegabytes = 200;
/** CPU on a machine that does other things too; `npm run bench -- screen` has the numbers of a quiet one. */
const margin = 3;

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe("10,000 runs and 100 workers", () => {
  for (const [columns, rows] of [
    [120, 40],
    [200, 60],
  ] as const) {
    test(`${columns}x${rows}: frames are within the budget`, async () => {
      const search = new SimulatedSearch({ runs: 10_000, workers: 100 }, storyStart);
      const { output, ports } = fakeTty(columns, rows);
      const terminal = openTerminal({ colour: true, unicode: true }, ports);
      const costs: number[] = [];
      let now = 0;
      const frame = async (): Promise<{ cost: number; bytes: number }> => {
        now += 125;
        if (now % 1000 === 0) search.second(now);
        const [before, written] = [cpu(), terminal.written];
        terminal.draw(frameLines(search.model, columns, rows, now).map((line) => rendered(line, terminal.look)));
        await new Promise((resolve) => setImmediate(resolve));
        return { cost: cpu() - before, bytes: terminal.written - written };
      };
      for (const round of ["compiling", "measured"]) {
        for (const name of screenNames) {
          search.model.show(name);
          for (let i = 0; i < 16; i += 1) {
            const { cost, bytes } = await frame();
            // Also the first one of a screen, which changes every line of it.
            assert.ok(bytes <= mostBytes, `${name}: ${bytes} bytes`);
            if (round === "measured") costs.push(cost);
          }
        }
      }
      terminal.restore();
      output.release();
      costs.sort((a, b) => a - b);
      const p99 = costs[Math.floor(costs.length * 0.99)] ?? Number.NaN;
      assert.ok(p99 <= margin * frameBudgetMs, `p99 ${p99.toFixed(1)} ms`);
      const average = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
      assert.ok(average * 8 <= margin * 50, `${(average * 0.8).toFixed(1)} % of a core`);
      const megabytes = process.memoryUsage().rss / 2 ** 20;
      assert.ok(megabytes < mostMegabytes * 1.5, `${megabytes.toFixed(0)} MB`);
    });
  }
});
