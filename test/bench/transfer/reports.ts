import { appendFileSync } from "node:fs";
import { readCurves } from "../../../coordinator/reading/evidence-reader.ts";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { Rig, until } from "../../chaos/rig.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { cpuSeconds } from "../process-cpu.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { submitTo } from "./rig-jobs.ts";

const limitMs = 300_000;
const sampleMs = 250;

/** The program: PER_SECOND reports a second or, at 0, plain lines at full speed; its last report has the count. */
const prints = `
const [perSecond, seconds] = [Number(process.env.PER_SECOND), Number(process.env.SECONDS)];
const plain = perSecond === 0;
const write = (text) => new Promise((done) => process.stdout.write(text, done));
const startedAt = performance.now();
let made = 0;
while (performance.now() - startedAt < seconds * 1000) {
  let text = "";
  if (plain) {
    for (let i = 0; i < 1000; i += 1) text += "line " + (made + i) + " of what a program prints, loss 0." + i + "\\n";
    made += 1000;
  } else {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    for (; made < due; made += 1) text += '{"iters":' + (made + 1) + ',"value":' + made + '}\\n';
  }
  await write(text);
  if (!plain) await new Promise((done) => setTimeout(done, 10));
}
await write('{"iters":' + (made + 1) + ',"value":' + made + '}\\n');
`;

/**
 * Runs a program that reports or prints as fast as it can. Measures the reports that arrive and each process's memory.
 *
 * @param args  reports a second (10,000; 0: a million lines without a report), seconds (20)
 */
export async function run(args: string[]): Promise<void> {
  const [perSecond, seconds] = [Number(args[0] ?? 10_000), Number(args[1] ?? 20)];
  const rig = new Rig(10);
  const { folder } = rig;
  const memory = new MemoryWatch(folder, {
    runner: "runner/main.js",
    worker: "--name holder",
    coordinator: "coordinator/main.js",
    "nats-server": "nats-server.conf",
  });
  try {
    await rig.lead();
    const env = { PER_SECOND: perSecond, SECONDS: seconds };
    const spec = writeProgramSpec(folder, "prints", { low_priority: false }, prints, env);
    appendFileSync(spec, "      metric_pattern: 'acc: (?<value>[\\d.]+)'\n");
    const job = await submitTo(rig, spec, limitMs);
    memory.start(sampleMs);
    await rig.addWorker("holder", 1);
    const viewer = await linkWorkspace(rig.paths, "viewer");
    const done = await until("it is done", limitMs, async () => {
      const found = (await readJournal(viewer.bus)).jobs.get(job);
      return found?.isOver ? found : undefined;
    });
    const trial = done.trial(1);
    memory.stop();
    const [curve] = trial ? await readCurves(viewer.bus, [{ table: done, trial }]) : [];
    await viewer.close();
    const stored = curve?.stages[0]?.iters.length ?? 0;
    const what = perSecond === 0 ? "lines without a report" : "reports";
    process.stdout.write(
      `${trial?.status}${trial?.reason ? `: ${trial.reason}` : ""}; ${trial?.hpmax} ${what} printed in ${seconds} s, then one more report; stored: ${stored} reports\n`,
    );
    process.stdout.write(memory.text);
    for (const [name, cpu] of cpuSeconds(folder))
      process.stdout.write(`${name.padEnd(14)}${cpu.toFixed(1)} s of CPU\n`);
  } finally {
    memory.stop();
    await rig.end();
  }
}
