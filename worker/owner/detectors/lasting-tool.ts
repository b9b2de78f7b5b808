import type { Log } from "../../../shared/log.ts";
import type { Running, StartTool, Tool } from "./tool-lines.ts";

/** From the end of a tool to its next start, in milliseconds. */
const againMs = 60_000;

/** A tool of the system that is kept running: it is started at the first look, and a minute after it has ended. */
export class LastingTool {
  readonly #start: StartTool;
  readonly #tool: Tool;
  readonly #hear: (line: string) => boolean;
  readonly #failed: (why: string) => void;
  readonly #silentMs: number;
  #running: Running | undefined;
  /** It was silent, and was told to end. The next one waits for that: a driver that hangs would collect processes. */
  #leaving: Running | undefined;
  /** When it is to be started, or was. */
  #startAt = Number.NEGATIVE_INFINITY;
  #heardAt: number | undefined;
  #now = 0;
  #isFailureTold = false;

  /**
   * @param hear      returns whether this line tells something
   * @param without   what is logged with the reason if it ends: "nobody tells which programs use a GPU"
   * @param silentMs  after this long without a line it counts as telling nothing; `againMs` later it is ended
   */
  constructor(
    { start, log }: { readonly start: StartTool; readonly log: Pick<Log, "warn"> },
    tool: Tool,
    hear: (line: string) => boolean,
    without: string,
    silentMs = Number.POSITIVE_INFINITY,
  ) {
    this.#start = start;
    this.#tool = tool;
    this.#hear = hear;
    this.#silentMs = silentMs;
    this.#failed = (why) => log.warn(`${without}: ${why}; it is started again every minute`);
  }

  /** Whether it tells now: "not yet" from its first start, "no more" after it has ended, each until a line tells something. */
  look(monotonic: number): "yes" | "not yet" | "no more" {
    this.#now = monotonic;
    const silentFor = monotonic - (this.#heardAt ?? this.#startAt);
    if (this.#running && silentFor >= this.#silentMs + againMs) {
      this.#running.stop();
      this.#leaving = this.#running;
      this.#end(`${this.#tool.command} says nothing`);
      this.#startAt = monotonic;
    }
    if (!this.#running && monotonic >= this.#startAt && this.#leaving?.isGone !== false) this.#begin();
    if (this.#heardAt === undefined) return this.#isFailureTold ? "no more" : "not yet";
    return silentFor < this.#silentMs ? "yes" : "no more";
  }

  stop(): void {
    this.#running?.stop();
  }

  #begin(): void {
    this.#leaving = undefined;
    this.#startAt = this.#now;
    this.#running = this.#start(
      this.#tool,
      (line) => {
        if (!this.#hear(line)) return;
        this.#heardAt = this.#now;
        this.#isFailureTold = false;
      },
      (why) => this.#end(why),
    );
  }

  #end(why: string): void {
    this.#running = undefined;
    this.#heardAt = undefined;
    this.#startAt = this.#now + againMs;
    if (!this.#isFailureTold) this.#failed(why);
    this.#isFailureTold = true;
  }
}
