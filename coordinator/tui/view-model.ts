import { type Lead, leaderOf } from "../../shared/domain/evaluation/lead.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial } from "../../shared/domain/fold/trial.ts";
import { emptyWorkspace, type WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import type { Standing } from "../../shared/domain/run-sets/standings.ts";
import type { LeaseStatus, Status } from "../../shared/wire/messages.ts";
import { statusEveryMs } from "../../shared/wire/status.ts";
import type { DotForm } from "../chart/dots.ts";
import { type CurveAxis, CurveStore } from "../live/curve-store.ts";
import { type EventLevel, EventList } from "../live/event-list.ts";
import { LeadCount } from "../live/lead-count.ts";
import { Meter } from "../live/meter.ts";
import { Paced } from "../live/paced.ts";
import { RunsBySet } from "../live/runs-by-set.ts";
import { WorkerNotes } from "../live/worker-notes.ts";
import { type WorkerRow, type WorkerState, workerRows } from "../live/worker-rows.ts";
import type { ScreenName } from "./keys.ts";
import { createLists, type Lists } from "./lists/lists.ts";
import type { Prompt } from "./prompt.ts";
import type { Line, Look } from "./terminal/styled.ts";

/** A page over the screens: what Enter opened. */
export type Page = { readonly kind: "run set"; readonly key: string } | { readonly kind: "run"; readonly n: number };

/** What happened before this screen was opened is told of so many events; to put a million in words would take a minute. */
const historyLines = 1000;
/** How long a sentence stays at the bottom. */
const noticeMs = 6000;
/** The leader speaks each second, or less often where it has many leases: so many words missed, and there is none ... */
const wordsMissed = 3;
/** ... but not before this: a machine may be busy. */
const leastSilenceMs = 5000;
/** Between two frames, which are drawn each second at least, no more is taken for silence: a screen that stood still heard nobody. */
const mostSilencePerFrameMs = 1500;
/** Workers' states change by the clock too, and cost a pass over all of them. */
const workersEveryMs = 500;

/** How a machine joins, as the screen shows it. */
export interface JoinLines {
  /** What to type, once for each address under which others may reach the coordinator's machine. */
  readonly commands: readonly string[];
  /** What lets other machines join, where the commands are for this one alone. */
  readonly opening: string | null;
}

export interface ViewModelOptions {
  readonly workspace: string;
  readonly look: Look;
  readonly graph: DotForm;
  /** Of so many of the best run sets the curves are shown. */
  readonly top: number;
  /** What a command must add to reach the same workspace: "" or " --workspace ws2 ...". */
  readonly flags: string;
  /** No control key does anything. */
  readonly isReadonly: boolean;
  /** How a machine joins; null where that is not known here. */
  readonly joining: JoinLines | null;
  /** Milliseconds since 1970, for people. */
  readonly wall?: () => number;
  /** Writes down what concerns this screen alone, beside showing it among the events. */
  readonly note?: (text: string) => void;
}

/** A chart costs more than any other part of a frame, so it is drawn anew only when it must be. */
export interface DrawnChart {
  readonly of: string;
  readonly version: number;
  readonly at: number;
  readonly lines: readonly Line[];
}

/** Everything that is shown, apart from how: the folded journal, what was heard beside it, and where the person is. */
export class ViewModel {
  readonly options: ViewModelOptions;
  readonly events = new EventList();
  readonly curves = new CurveStore();
  readonly notes = new WorkerNotes();
  readonly lists: Lists;
  /** Trials whose reports were read, and whether there were any. */
  readonly #curvesRead = new Map<number, boolean>();
  /** Whether the reports that came before this screen are still being read. */
  isCatchingUp = false;
  /** What the curves of a stage are called, where the journal does not say so yet. */
  readonly metricsHeard = new Map<number, string>();
  /** Consoles that were read, by trial. */
  readonly consoles = new Map<number, string>();
  state: WorkspaceState = emptyWorkspace();
  /** Rises with everything that happened. */
  version = 0;
  job: JobName | null = null;
  #isLive = false;
  #history: JournalEvent[] = [];
  status: Status | null = null;
  #statusAt = 0;
  /** Of the leader, as long as this screen was there to hear it. */
  #silentMs = 0;
  #frameAt: number | undefined;
  /** Of the shown job, by the number of the trial. */
  leases: ReadonlyMap<number, LeaseStatus> = new Map();
  /** Why nothing new comes; empty while all is well. */
  away = "";
  /** Reports a second of the shown job, over the last seconds. */
  readonly reports = new Meter();

  screen: ScreenName = "Standings";
  /** The pane that keys go to; where there is but one, the screen. */
  focus: ScreenName = "Standings";
  /** Of Standings, Runs and Neighbourhood, the one that the large pane shows. */
  main: ScreenName = "Standings";
  isWide = false;
  pages: Page[] = [];
  pageScroll = 0;
  isHelpOpen = false;
  helpScroll = 0;
  prompt: Prompt | null = null;
  axis: CurveAxis = "iters";
  hasMouse = false;
  /** Monotonic time of the frame that is drawn. */
  now = 0;
  /** The chart that was drawn last. */
  chart: DrawnChart | null = null;
  /** When a chart was last on the screen; curves that nobody looks at are not read. */
  chartShownAt = Number.NEGATIVE_INFINITY;
  /** Frames a second, where they are fewer than usual; 0: usual. */
  slowFrames = 0;
  #notice: { readonly text: string; readonly until: number } | null = null;
  #workerRows: { readonly rows: readonly WorkerRow[]; readonly at: number; readonly version: number } | null = null;
  readonly #runsBySet = new RunsBySet();
  readonly #workerStates = new Map<WorkerId, WorkerState>();
  readonly #leader = new Paced(leaderOf);
  readonly #lead = new LeadCount();

  constructor(options: ViewModelOptions) {
    this.options = options;
    this.lists = createLists(this);
  }

  get table(): RunTable | undefined {
    return this.job === null ? undefined : this.state.jobs.get(this.job);
  }

  /** The first of the standings; null while no run has completed. */
  get leader(): Standing | null {
    const { table } = this;
    return table ? this.#leader.of(table, this.now) : null;
  }

  /** How long it has led; null where that is not known yet. */
  get lead(): Lead | null {
    const { table, leader } = this;
    return table && leader ? this.#lead.of(table, leader.runSet.key, this.now) : null;
  }

  /** The metric that is drawn of a stage, `s1-rew`; "" where its name is not known yet. */
  metricOf(stage: number): string {
    const prefix = `s${stage}-`;
    const named = this.table?.columns.find((name) => name.startsWith(prefix) && name !== `${prefix}hrs`);
    return named ?? this.metricsHeard.get(stage) ?? "";
  }

  get page(): Page | undefined {
    return this.pages.at(-1);
  }

  /** A record was folded. A new job is shown where nothing else goes on. */
  happened(event: JournalEvent, state: WorkspaceState): void {
    this.state = state;
    this.version += 1;
    this.notes.event(event, this.#isLive ? this.wall : event.at);
    if (!this.#isLive) {
      this.#history.push(event);
      if (this.#history.length > 2 * historyLines) this.#history = this.#history.slice(-historyLines);
      return;
    }
    this.#tell(event);
    if (event.type === "job" && (this.job === null || this.table?.isOver)) this.showJob(event.job);
  }

  /** The journal has been read to its end: from here on there is news. */
  live(state: WorkspaceState): void {
    this.state = state;
    this.#isLive = true;
    for (const event of this.#history.slice(-historyLines)) this.#tell(event);
    this.#history = [];
    this.version += 1;
  }

  #tell(event: JournalEvent): void {
    this.events.event(event, "job" in event ? this.state.jobs.get(event.job) : undefined);
  }

  /** Something about this screen, not about the search. */
  note(text: string, level: EventLevel): void {
    if (this.events.add(this.wall, text, level)) this.options.note?.(text);
  }

  heard(status: Status, now: number): void {
    if (status.term < this.state.term) return;
    this.status = status;
    this.#statusAt = now;
    this.#silentMs = 0;
    this.leases = new Map(status.leases.filter(({ job }) => job === this.job).map((lease) => [lease.n, lease]));
    this.version += 1;
    this.#watchWorkers();
  }

  /** Tells of workers that went and came back, which no record of the journal does. */
  #watchWorkers(): void {
    const { wall } = this;
    for (const { record, state, why } of workerRows(this.state, this.notes, {
      status: this.status,
      statusAgeMs: 0,
      wall,
    })) {
      const before = this.#workerStates.get(record.id);
      this.#workerStates.set(record.id, state);
      if (before === undefined || isGone(before) === isGone(state)) continue;
      if (isGone(state)) this.events.add(wall, `worker ${record.id} is ${state}: ${why}`, "trouble");
      else {
        this.notes.isBack(record.id, wall);
        this.events.add(wall, `worker ${record.id} is back`, "info");
      }
    }
  }

  /** Milliseconds since the leader spoke. */
  get statusAge(): number {
    return Math.max(0, this.now - this.#statusAt);
  }

  /** A frame is drawn. `now` is monotonic. */
  frame(now: number): void {
    const passed = now - (this.#frameAt ?? now);
    this.#silentMs += Math.min(mostSilencePerFrameMs, Math.max(0, passed));
    this.#frameAt = this.now = now;
  }

  /** Whether the leader has said nothing for a while: there is none, as far as one can tell from here. */
  get isLeaderSilent(): boolean {
    const leases = [...this.state.jobs.values()].reduce((sum, { running }) => sum + running, 0);
    return (
      this.#silentMs > Math.max(leastSilenceMs, (wordsMissed + 1) * statusEveryMs(leases + this.state.workers.size))
    );
  }

  /** Wall clock. */
  get wall(): number {
    return this.options.wall?.() ?? Date.now();
  }

  showJob(job: JobName): void {
    if (job === this.job) return;
    this.job = job;
    this.version += 1;
    this.leases = new Map();
    this.curves.clear();
    this.#curvesRead.clear();
    this.reports.clear();
    this.metricsHeard.clear();
    this.consoles.clear();
    this.pages = [];
    this.lists.forget();
  }

  /** A screen comes to the front; what was opened over it closes. */
  show(screen: ScreenName): void {
    this.screen = this.focus = screen;
    if (screen === "Standings" || screen === "Runs" || screen === "Neighbourhood") this.main = screen;
    this.pages = [];
  }

  open(page: Page): void {
    this.pages.push(page);
    this.pageScroll = 0;
  }

  say(text: string, now: number): void {
    this.#notice = { text, until: now + noticeMs };
  }

  /** A key that does something takes what was said with it. */
  unsay(): void {
    this.#notice = null;
  }

  notice(now: number): string {
    return this.#notice && now < this.#notice.until ? this.#notice.text : "";
  }

  curveWasRead(n: number, hasReports: boolean): void {
    this.#curvesRead.set(n, hasReports);
  }

  /** Whether a trial may have a curve that is only on its way here: never read, or let go since to make room. */
  isCurveToCome(n: number): boolean {
    return this.curves.of(n) === undefined && (this.#curvesRead.get(n) ?? true);
  }

  workers(): readonly WorkerRow[] {
    const { now } = this;
    const known = this.#workerRows;
    if (known && now >= known.at && now - known.at < (known.version === this.version ? 2 : 1) * workersEveryMs) {
      return known.rows;
    }
    // A leader that is silent says nothing about its workers.
    const status = this.isLeaderSilent ? null : this.status;
    const rows = workerRows(this.state, this.notes, { status, statusAgeMs: this.statusAge, wall: this.wall });
    this.#workerRows = { rows, at: now, version: this.version };
    return rows;
  }

  /** The runs of a run set, newest first. */
  runsOf(key: string): readonly Trial[] {
    return this.table ? this.#runsBySet.of(this.table, key) : [];
  }

  /** Trials of a run set that a person may still cancel. */
  openRunsOf(key: string): readonly Trial[] {
    return this.runsOf(key).filter(isOpen);
  }
}

const isGone = (state: WorkerState): boolean => state === "lost" || state === "away";
