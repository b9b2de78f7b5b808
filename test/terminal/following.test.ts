import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Feed } from "../../coordinator/live/feed.ts";
import { LiveSearch } from "../../coordinator/live/live-search.ts";
import { App } from "../../coordinator/tui/app.ts";
import { evidenceShown } from "../../coordinator/tui/screens/curves-screen.ts";
import { openTerminal } from "../../coordinator/tui/terminal/terminal.ts";
import { ViewModel } from "../../coordinator/tui/view-model.ts";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { jobName } from "../../shared/domain/names.ts";
import { startNatsServer } from "../support/broker/nats-server.ts";
import { mustEnd } from "../support/cleanup.ts";
import { eventually } from "../support/patience.ts";
import { fakeTty } from "../support/terminal/fake-tty.ts";

const runs = 10_000;
const workers = 100;
const mostBytes = 16 * 1024;
const program = fileURLToPath(new URL("../support/processes/swarm-voice.js", import.meta.url));

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** A real screen on a fake terminal that notes when it is written to; the swarm is another process. */
test("a swarm of 100 workers is followed, and keys are answered while its news comes in", async (t) => {
  const server = await startNatsServer();
  const swarm = spawn(process.execPath, [program, server.url, String(runs), String(workers)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  mustEnd(swarm.pid);
  await once(swarm.stdout, "data");
  const bus = await connectBus({ url: server.url, credentials: {}, name: "screen" });
  const { input, output, ports } = fakeTty(200, 60);
  const terminal = openTerminal({ colour: true, unicode: true }, ports);
  const search = new LiveSearch();
  const model = new ViewModel(search, {
    workspace: "ws1",
    look: terminal.look,
    graph: "braille",
    top: 5,
    flags: "",
    isReadonly: false,
    joining: null,
  });
  const now = (): number => performance.now();
  let app: App | undefined;
  const feed = new Feed(search, { bus, now, changed: () => app?.changed(), wanted: () => evidenceShown(model) });
  await feed.start(assert.fail);
  search.showJob(jobName(1));
  const frames: number[] = [];
  const sizes: number[] = [];
  let began = 0;
  let writtenBefore = 0;
  let isDrawing = false;
  // The app calls this before a frame, and after it has handed the frame to the terminal.
  const cpu = (): number => {
    const at = cpuMs();
    if (isDrawing) {
      frames.push(at - began);
      sizes.push(terminal.written - writtenBefore);
    }
    [began, writtenBefore, isDrawing] = [at, terminal.written, !isDrawing];
    return at;
  };
  const never = (): never => assert.fail("nobody asked for that");
  app = new App(model, terminal, { send: never, save: never, remember: never, suspend: never, now, cpu });
  app.start();
  try {
    await eventually("news has come", () => search.reports.perSecond(now()) > workers / 2);
    const ended = search.table?.ended ?? 0;
    assert.ok(ended >= runs - workers - 100, `${ended} runs`);
    const latencies: number[] = [];
    const work: number[] = [];
    const press = async (key: string): Promise<void> => {
      await delay(60);
      const [pressedAt, cpuAt, drawn] = [now(), cpuMs(), frames.length];
      input.write(key);
      await eventually("the key is answered", () => frames.length > drawn);
      latencies.push(now() - pressedAt);
      work.push(cpuMs() - cpuAt);
      // While the test could not look, several frames may have been drawn.
      const size = Math.max(...sizes.slice(drawn));
      assert.ok(size <= mostBytes, `${size} bytes after ${key}`);
    };
    const keys = "1jjk2jjk3jj5jj6kk4xx1jgG";
    for (const key of keys) await press(key);
    // The first frames do not count: they include compiling.
    for (const values of [frames, sizes, latencies, work]) values.length = 0;
    const [from, cpuFrom] = [now(), cpuMs()];
    for (const key of keys) await press(key);
    const share = (cpuMs() - cpuFrom) / (now() - from);
    await eventually("runs have ended", () => (search.table?.ended ?? 0) > ended);
    const at = (values: readonly number[], part: number): number =>
      values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? 0;
    const megabytes = process.memoryUsage().rss / 2 ** 20;
    const found =
      `keys ${at(latencies, 0.5).toFixed(1)} ms, of CPU at most ${at(work, 0.98).toFixed(1)} ms; frames ` +
      `${at(frames, 0.98).toFixed(1)} ms of CPU; ${(100 * share).toFixed(1)} % of a core, ${megabytes.toFixed(0)} MB`;
    // Only printed: `npm run bench -- screen` measures a screen's cost on a quiet machine.
    t.diagnostic(found);
  } finally {
    app.stop();
    terminal.restore();
    output.release();
    await feed.stop();
    swarm.stdin.end();
    await once(swarm, "exit");
    await bus.close();
  }
});
