import { execFileSync } from "node:child_process";
import { findingsOf } from "../../coordinator/live/findings.ts";
import { App } from "../../coordinator/tui/app.ts";
import { screenNames } from "../../coordinator/tui/keys.ts";
import { frameLines } from "../../coordinator/tui/screens/frame.ts";
import { rendered } from "../../coordinator/tui/terminal/styled.ts";
import { openTerminal } from "../../coordinator/tui/terminal/terminal.ts";
import { SimulatedSearch } from "../support/stories/simulated-search.ts";
import { fakeTty } from "../support/terminal/fake-tty.ts";

const runs = 10_000;
const workers = 100;
const framesPerSecond = 8;
const sizes: readonly string[] = ["120x40", "200x60", "300x80"];

/**
 * Measures the live screen with 10,000 runs and 100 workers: CPU and bytes of a frame, and how soon a key is answered.
 * Each size runs in its own process, as on a real terminal: memory is not given back.
 */
export async function run([only]: string[]): Promise<void> {
  const [columns = 0, rows = 0] = only?.split("x").map(Number) ?? [];
  if (only === undefined) {
    for (const size of sizes) {
      const args = [process.argv[1] ?? "", "screen", size];
      execFileSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    }
  } else if (columns >= 60 && rows >= 12) await measure(columns, rows);
  else throw new Error(`expected a size such as ${sizes[1]}, at least 60x12, found ${only}`);
}

async function measure(columns: number, rows: number): Promise<void> {
  process.stdout.write(`${columns}x${rows}, ${runs} runs, ${workers} workers\n`);
  const search = new SimulatedSearch({ runs, workers, learns: true }, Date.now());
  const { search: live } = search.model;
  const findings = live.table && findingsOf(live.table);
  // On a real screen a thread finds out how long the best has led.
  if (findings) live.found(findings);
  live.hasDesk = true;
  const { input, output, ports } = fakeTty(columns, rows);
  const terminal = openTerminal({ colour: true, unicode: true }, ports);
  await frames(search, terminal, columns, rows);
  await keys(search, terminal, input, output);
  const { rss } = process.memoryUsage();
  terminal.restore();
  process.stdout.write(`  resident, with the swarm: ${megabytes(rss)} MB\n\n`);
}

/** Ten seconds of changes on each screen, in simulated time, at eight frames a second; changes come once a second. */
async function frames(
  search: SimulatedSearch,
  terminal: ReturnType<typeof openTerminal>,
  columns: number,
  rows: number,
): Promise<void> {
  const costs: number[] = [];
  const sent: number[] = [];
  const steps: number[] = [];
  const { sideWork } = search.model.search;
  const leave = sideWork.takenBy(() => undefined);
  let total = 0;
  let now = performance.now();
  const perScreen = new Map<string, number[]>();
  // One round that does not count: the first frames compile the code.
  for (const screen of screenNames) {
    search.model.show(screen);
    for (let frame = 0; frame < framesPerSecond; frame += 1) {
      now += 1000 / framesPerSecond;
      if (frame === 0) search.second(now);
      draw(search, terminal, columns, rows, now);
      while (sideWork.isOpen) sideWork.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const seconds = 10 * screenNames.length;
  for (let frame = 0; frame < seconds * framesPerSecond; frame += 1) {
    const screen = screenNames[Math.floor(frame / (10 * framesPerSecond))] ?? "Standings";
    if (search.model.screen !== screen) search.model.show(screen);
    now += 1000 / framesPerSecond;
    const changesBefore = cpu();
    if (frame % framesPerSecond === 0) search.second(now);
    const began = cpu();
    const written = terminal.written;
    draw(search, terminal, columns, rows, now);
    await new Promise((resolve) => setImmediate(resolve));
    const ended = cpu();
    while (sideWork.isOpen) {
      const before = cpu();
      sideWork.step();
      steps.push(cpu() - before);
    }
    total += cpu() - changesBefore;
    costs.push(ended - began);
    sent.push(terminal.written - written);
    perScreen.set(screen, [...(perScreen.get(screen) ?? []), ended - began]);
  }
  leave();
  process.stdout.write(
    `  CPU a frame, ms: median ${quantile(costs, 0.5)}, p99 ${quantile(costs, 0.99)}, most ${quantile(costs, 1)}\n` +
      `  CPU of a step between frames, ms: median ${quantile(steps, 0.5)}, p99 ${quantile(steps, 0.99)}, most ${quantile(steps, 1)}\n` +
      `  bytes a frame: median ${quantile(sent, 0.5, 0)}, p99 ${quantile(sent, 0.99, 0)}, most ${quantile(sent, 1, 0)}\n` +
      `  CPU over ${seconds} s: ${((100 * total) / (1000 * seconds)).toFixed(1)} % of a core\n`,
  );
  for (const [screen, each] of perScreen) {
    process.stdout.write(`    ${screen.padEnd(14)} p50 ${quantile(each, 0.5)}  p99 ${quantile(each, 0.99)}\n`);
  }
}

function draw(
  search: SimulatedSearch,
  terminal: ReturnType<typeof openTerminal>,
  columns: number,
  rows: number,
  now: number,
): void {
  terminal.draw(frameLines(search.model, columns, rows, now).map((line) => rendered(line, terminal.look)));
}

/** Ten seconds of real time under the same load, a key pressed every tenth of a second. */
async function keys(
  search: SimulatedSearch,
  terminal: ReturnType<typeof openTerminal>,
  input: { write(text: string): unknown },
  output: { onText: (text: string) => void },
): Promise<void> {
  search.model.show("Standings");
  const app = new App(search.model, terminal, {
    send: () => Promise.reject(new Error("nobody is there")),
    save: () => "",
    remember: () => undefined,
    suspend: () => undefined,
    now: () => performance.now(),
    cpu,
  });
  app.start();
  const load = setInterval(() => {
    search.second(performance.now());
    app.changed();
  }, 1000);
  const latencies: number[] = [];
  for (let i = 0; i < 100; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 90 + (i % 7) * 3));
    const pressedAt = performance.now();
    const shown = new Promise<void>((resolve) => {
      output.onText = () => resolve();
    });
    input.write(i % 20 < 10 ? "j" : "k");
    await shown;
    latencies.push(performance.now() - pressedAt);
  }
  clearInterval(load);
  app.stop();
  process.stdout.write(
    `  key to screen, ms: median ${quantile(latencies, 0.5)}, p99 ${quantile(latencies, 0.99)}, most ${quantile(latencies, 1)}\n`,
  );
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function quantile(values: readonly number[], share: number, decimals = 1): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(decimals);
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
