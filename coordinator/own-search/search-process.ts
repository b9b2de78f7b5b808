import { counted } from "../../shared/domain/counted.ts";
import type { Configuration } from "../../shared/domain/hyperparameter.ts";
import type { OwnSearch, OwnSearchEars, OwnSearchJob, ToldRun } from "../../shared/domain/search/own-search.ts";
import type { Log } from "../../shared/log.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { type Launch, Program } from "./program.ts";
import * as protocol from "./protocol.ts";

export interface SearchPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Prepares what the program needs, again for each start. */
  launch(): Launch;
  /** Hears what it prints to standard error. */
  grumble(line: string): void;
  /** Called once, when nothing runs any more and nothing will. */
  closed(): void;
}

/** Deaths forgiven before the search is given up. After every `answersPerDeath` answers, one death is forgotten. */
const mostDeaths = 3;
const answersPerDeath = 20;
/** Lines of standard error in the reason for which a job is paused. */
const shownLines = 4;
/** Time before the first restart; each further death in a row waits three times as long. */
const restartMs = 250;
/** Time to start: a library may be large, and the disk slow. */
export const startMs = 60_000;
/** Time in which everything that came before a deadline is read. */
const unreadMs = 100;
/** What each told run adds to the time for the first answer. */
const msPerRun = 10;

/**
 * The program of one job. It is told everything that happened, asked for choices, and killed when it is silent for too long or
 * breaks the protocol. After a death it is started again, told the whole history, and used as before. Questions that come up
 * while it starts are asked then.
 */
export class SearchProcess implements OwnSearch {
  readonly #job: OwnSearchJob;
  readonly #ears: OwnSearchEars;
  readonly #ports: SearchPorts;
  #program: Program | undefined;
  /** Whether it has said that it is ready, and has heard the history. */
  #isUp = false;
  #isClosed = false;
  #wantsReports = false;
  /** Lines for a program that is hearing the history. */
  #pending: string[] | null = null;
  /** Questions without an answer, for which run each is, and since when it could be answered. */
  readonly #open = new Map<number, { readonly n: number; since: number }>();
  #deaths = 0;
  /** It said itself that it cannot go on: another start would not help. */
  #hasGivenUp = false;
  #answers = 0;
  #deadline: Timer | undefined;
  #restart: Timer | undefined;

  constructor(job: OwnSearchJob, ears: OwnSearchEars, ports: SearchPorts) {
    this.#job = job;
    this.#ears = ears;
    this.#ports = ports;
    this.#start();
  }

  get wantsReports(): boolean {
    return this.#wantsReports && this.#isUp;
  }

  doing(): string {
    if (!this.#isUp) return this.#deaths > 0 ? "is being started again" : "is being started";
    const since = this.#oldest();
    if (since === undefined) return "has nothing to choose";
    const seconds = Math.max(0, Math.round((this.#ports.clock.monotonic() - since) / 1000));
    return `has thought about its next choice for ${seconds} s`;
  }

  ask(ask: number, n: number): void {
    this.#open.set(ask, { n, since: this.#ports.clock.monotonic() });
    if (!this.#isUp) return; // asked as soon as it is
    this.#program?.write(protocol.ask(ask, n));
    this.#watch();
  }

  tell(run: ToldRun): void {
    this.#say(protocol.tell(this.#job.hyperparameters, run));
  }

  report(run: number, iters: number, value: number): void {
    if (this.wantsReports) this.#say(protocol.report(run, iters, value));
  }

  refuse(ask: number, why: string): void {
    this.#say(protocol.refuse(ask, why));
  }

  exclude(configuration: Configuration): void {
    this.#say(protocol.exclude(this.#job.hyperparameters, configuration));
  }

  grown(): void {
    this.#say(protocol.values(this.#job.hyperparameters));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadline?.cancel();
    this.#restart?.cancel();
    if (this.#program) this.#program.end(protocol.bye(), this.#ports.clock);
    else this.#ports.closed();
  }

  #say(line: string): void {
    if (this.#pending) this.#pending.push(line);
    else if (this.#isUp) this.#program?.write(line);
    // Otherwise the program hears of this with the history.
  }

  #start(): void {
    const { clock } = this.#ports;
    let launch: Launch;
    try {
      launch = this.#ports.launch();
    } catch (error) {
      // Reported as a death, so that the caller hears nothing before this call has returned.
      this.#restart = clock.after(0, () => this.#died(`could not be started: ${String(error)}`, ""));
      return;
    }
    const program = new Program(
      launch,
      {
        line: (text) => this.#program === program && this.#hear(text),
        grumble: (line) => this.#ports.grumble(line),
        ended: (why) => this.#program === program && this.#died(why, program.lastWords()),
      },
      clock,
    );
    this.#program = program;
    this.#limit(startMs, `did not say "ready" within ${startMs / 1000} s`);
    program.write(protocol.hello(this.#job, this.#job.runs()));
  }

  #hear(text: string): void {
    if (this.#isClosed || text.trim() === "") return;
    try {
      this.#obey(protocol.readLine(text, this.#job.hyperparameters));
    } catch (error) {
      if (!(error instanceof protocol.ProtocolError)) throw error;
      this.#program?.kill(`broke the protocol: ${error.message}`);
    }
  }

  #obey(said: protocol.Said): void {
    if (said.type === "error") {
      this.#hasGivenUp = true;
      this.#program?.kill(`gave up: ${said.message}`);
      return;
    }
    if (said.type === "ready") {
      if (this.#isUp || this.#pending) throw new protocol.ProtocolError('it said "ready" twice');
      this.#wantsReports = said.reports;
      void this.#tellAll();
      return;
    }
    if (!this.#isUp) throw new protocol.ProtocolError(`it said "${said.type}" before it was ready and asked`);
    if (said.type === "prune") {
      this.#ears.prune(said.run, said.why);
      return;
    }
    if (!this.#open.delete(said.ask)) {
      throw new protocol.ProtocolError(
        `it answered question ${said.ask}, which is not open (never asked, or answered already)`,
      );
    }
    this.#answers += 1;
    if (this.#answers % answersPerDeath === 0 && this.#deaths > 0) this.#deaths -= 1;
    this.#watch();
    switch (said.type) {
      case "choice":
        this.#ears.chosen(said.ask, said.settings, said.why);
        return;
      case "later":
        this.#ears.later(said.ask, said.why);
        return;
      case "finished":
        this.#ears.finished(said.ask, said.why);
        return;
      default: {
        const never: never = said;
        throw new RangeError(`unknown answer ${JSON.stringify(never)}`);
      }
    }
  }

  /** Tells the whole history; what happens meanwhile is told after it. */
  async #tellAll(): Promise<void> {
    const program = this.#program;
    this.#pending = [];
    const historyMs = this.#job.runs() * msPerRun;
    this.#limit(this.#answerMs + historyMs, "did not read what it was told");
    await program?.writeAll(historyLines(this.#job));
    if (this.#program !== program || program?.isOver || this.#isClosed) return;
    this.#isUp = true;
    for (const line of this.#pending ?? []) program?.write(line);
    this.#pending = null;
    const now = this.#ports.clock.monotonic();
    for (const [ask, question] of this.#open) {
      // It may still have to read the history.
      question.since = now + historyMs;
      program?.write(protocol.ask(ask, question.n));
    }
    this.#deadline?.cancel();
    this.#watch();
  }

  /** Since when the oldest question waits. */
  #oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { since } of this.#open.values()) oldest = Math.min(oldest ?? since, since);
    return oldest;
  }

  get #answerMs(): number {
    return this.#job.settings.answerSeconds * 1000;
  }

  /** Kills the program if the oldest question has no answer in time. */
  #watch(): void {
    if (!this.#isUp) return;
    this.#deadline?.cancel();
    const since = this.#oldest();
    if (since === undefined) return;
    const { answerSeconds } = this.#job.settings;
    const left = since + this.#answerMs - this.#ports.clock.monotonic();
    this.#limit(left, `did not answer within ${answerSeconds} s (answer_time)`);
  }

  #limit(ms: number, why: string): void {
    this.#deadline?.cancel();
    const { clock } = this.#ports;
    this.#deadline = clock.after(Math.max(1, ms), () => {
      // If this process stood still, the answer may wait unread behind this timer.
      this.#deadline = clock.after(unreadMs, () => this.#program?.kill(why));
    });
  }

  #died(why: string, lastWords: string): void {
    this.#deadline?.cancel();
    this.#isUp = false;
    this.#pending = null;
    this.#program = undefined;
    if (this.#isClosed) {
      this.#ports.closed();
      return;
    }
    this.#deaths += 1;
    const { job } = this.#job;
    this.#ports.log.warn({ job, deaths: this.#deaths, lastWords }, `its search ${why}`);
    this.#open.clear();
    if (this.#deaths > mostDeaths || this.#hasGivenUp) {
      this.#isClosed = true;
      this.#ports.closed();
      const before = this.#deaths > 1 ? `, and had died ${counted(this.#deaths - 1, "time")} before` : "";
      const last = lastWords.split("\n").slice(-shownLines).join(" | ");
      this.#ears.gaveUp(`its search ${why}${before}${last === "" ? "" : `; its last lines: ${last}`}`);
      return;
    }
    this.#restart = this.#ports.clock.after(restartMs * 3 ** (this.#deaths - 1), () => {
      if (!this.#isClosed) this.#start();
    });
    this.#ears.restarted();
  }
}

function* historyLines(job: OwnSearchJob): Iterable<string> {
  // Between the lines a range may get marks.
  for (const run of job.history()) yield protocol.tell(job.hyperparameters, run);
  for (const configuration of job.excluded()) yield protocol.exclude(job.hyperparameters, configuration);
}
