import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { JobName } from "../../shared/domain/names.ts";
import type { Bus } from "../../shared/ports.ts";
import type { Order, OrderAnswer } from "../../shared/wire/messages.ts";
import { Feed } from "../live/feed.ts";
import { evaluatorThread, FindingsDesk } from "../live/findings-desk.ts";
import { LiveSearch } from "../live/live-search.ts";
import { newestJob } from "../live/newest-job.ts";
import { noJob } from "../runs/named-job.ts";
import type { Leaving } from "./actions/key-context.ts";
import { App } from "./app.ts";
import { keepColumns, recallColumns, screenFile } from "./screen-memory.ts";
import { evidenceShown } from "./screens/curves-screen.ts";
import { guardTerminal } from "./terminal/lifecycle.ts";
import { ScreenLog } from "./terminal/screen-log.ts";
import { openTerminal } from "./terminal/terminal.ts";
import { type ScreenOptions, ViewModel } from "./view-model.ts";

export interface LiveScreenOptions extends ScreenOptions {
  readonly bus: Bus;
  /** The job to show, over or not, until the person chooses another; undefined: the newest that is not over, then each new one. */
  readonly job: JobName | undefined;
  readonly send: (order: Order) => Promise<OrderAnswer>;
}

/** How often, in milliseconds, to check whether runs have ended since the verdict was last worked out. */
const findingsMs = 500;

/**
 * Shows the search on the terminal until the person leaves. Only orders that the person sends affect the search.
 *
 * @throws NotFoundError if there is no such job, JournalCorruptError if the journal cannot be read
 */
export async function showLive(options: LiveScreenOptions): Promise<Leaving> {
  const { bus, job, look, send } = options;
  const log = new ScreenLog(screenFile("screen.log", process.env));
  const memory = screenFile("screen.json", process.env);
  const search = new LiveSearch({ onNote: (text) => log.write(text), staysWhenOver: job !== undefined });
  const model = new ViewModel(search, options);
  recallColumns(memory, model.lists);
  const now = (): number => performance.now();
  // Read before the screen opens: an unknown job or a damaged journal is reported in plain lines.
  let app: App | undefined;
  let failure: unknown;
  const feed = new Feed(search, { bus, now, changed: () => app?.changed(), wanted: () => evidenceShown(model) });
  const desk = new FindingsDesk(search, evaluatorThread(), () => app?.changed());
  const looks = setInterval(() => desk.look(now()), findingsMs);
  try {
    await feed.start((error) => {
      failure = error;
      app?.leave({ exitCode: 1, message: "" });
    });
    if (job !== undefined && !search.state.jobs.has(job)) throw noJob(job, search.state, options.flags);
    const shown = job ?? newestJob(search.state);
    if (shown !== undefined) search.showJob(shown);
    const terminal = openTerminal(look, { input: process.stdin, output: process.stdout });
    const release = guardTerminal(terminal, {
      log,
      onConsole: (text) => {
        search.note(text, "info");
        app?.changed();
      },
      onSignal: (exitCode) => app?.leave({ exitCode, message: "" }),
    });
    try {
      app = new App(model, terminal, {
        send,
        save: saveText,
        remember: () => keepColumns(memory, model.lists),
        suspend: () => process.kill(0, "SIGTSTP"),
        now,
        cpu: cpuMs,
      });
      app.start();
      const leaving = await app.left;
      if (failure !== undefined) throw failure;
      return leaving;
    } finally {
      app?.stop();
      release();
    }
  } finally {
    clearInterval(looks);
    desk.stop();
    await feed.stop();
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Writes a file into the current folder, under a name that is not taken. */
function saveText(text: string): string {
  for (let i = 1; ; i += 1) {
    const file = resolve(`nexus-screen-${i}.txt`);
    try {
      writeFileSync(file, text, { flag: "wx" });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
