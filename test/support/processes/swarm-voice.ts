/** Program: `node swarm-voice.js URL RUNS WORKERS`: publishes a simulated swarm's past, then news each second. */
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { jobName } from "../../../shared/domain/names.ts";
import { encodeEvents, encodeEvidence, encodeStatus } from "../../../shared/wire/messages.ts";
import { evidence, journalBatch, status as statusSubject } from "../../../shared/wire/subjects.ts";
import { SimulatedSearch } from "../stories/simulated-search.ts";

/** Records in one journal message; the coordinator's limit. */
const together = 64;

const [url = "", runs = "", workers = ""] = process.argv.slice(2);
const bus = await connectBus({ url, credentials: {}, name: "simulated swarm" });
await ensureStreams(bus, null, 1);
let events: JournalEvent[] = [];
let count = 0;
let sent: Promise<unknown>[] = [];

const store = (subject: string, bytes: Uint8Array): void => {
  count += 1;
  sent.push(bus.store(subject, bytes, { msgId: `1.simulated.${count}`, timeoutMs: 30_000 }));
};
const flush = async (): Promise<void> => {
  for (let i = 0; i < events.length; i += together) store(journalBatch, encodeEvents(events.slice(i, i + together)));
  events = [];
  await Promise.all(sent);
  sent = [];
};

const search = new SimulatedSearch(
  {
    runs: Number(runs),
    workers: Number(workers),
    voice: {
      event: (event) => void events.push(event),
      report: (worker, n, iters, hours, value) =>
        store(
          evidence(worker, jobName(1), n, "report"),
          encodeEvidence({ attempt: 1, reports: [[1, iters, hours, [value], [1]]] }),
        ),
      status: (status) => bus.publish(statusSubject, encodeStatus(status)),
    },
  },
  Date.now(),
);
await flush();
process.stdout.write("told\n");
const timer = setInterval(() => {
  search.second(performance.now());
  void flush();
}, 1000);
process.stdin.on("end", async () => {
  clearInterval(timer);
  await bus.close();
});
process.stdin.resume();
