import type { Trial } from "../../shared/domain/fold/trial.ts";
import type { DotForm } from "../chart/dots.ts";
import type { CurveAxis } from "../live/curve-store.ts";
import type { LiveSearch } from "../live/live-search.ts";
import { Troubles } from "../live/troubles.ts";
import type { ScreenName } from "./keys.ts";
import { createLists, type Lists } from "./lists/lists.ts";
import type { Prompt } from "./prompt.ts";
import type { Line, Look } from "./terminal/styled.ts";

/** A page over the screens: what Enter opened. */
export type Page =
  | {
      readonly kind: "run set";
      readonly key: string;
      /** A second run set beside it: of two steps from the best, `key` is the step down, this the step up. */
      readonly beside?: string | undefined;
    }
  | { readonly kind: "run"; readonly n: number };

/** The run sets of a page. */
export const runSetsOf = ({ key, beside }: Extract<Page, { kind: "run set" }>): readonly string[] =>
  beside === undefined ? [key] : [key, beside];

/** How long a message stays at the bottom. */
const noticeMs = 6000;

/** How a machine joins, as the screen shows it. */
export interface JoinLines {
  /** What to type; the second, if there is one, joins by WebSocket. */
  readonly commands: readonly string[];
  /** What lets other machines join, if the commands are for this one alone. */
  readonly opening: string | null;
  /** What another machine can type all the same: `ssh`, and while that runs, `command`. */
  readonly tunnel?: { readonly ssh: string; readonly command: string } | null;
  /** What joins on a machine without nexus-swarm; null or left out if nothing does. */
  readonly bootstrap?: object | null;
  /** Until when the commands hold, in wall-clock milliseconds; null or left out: for good. */
  readonly until?: number | null;
}

export interface ScreenOptions {
  readonly workspace: string;
  readonly look: Look;
  readonly graph: DotForm;
  /** Number of best run sets whose curves are shown. */
  readonly top: number;
  /** What a command must add to reach the same workspace: "" or " --workspace ws2 ...". */
  readonly flags: string;
  /** Control keys do nothing. */
  readonly isReadonly: boolean;
  /** What is shown went over the network in plain text. */
  readonly isPlainText?: boolean;
  /** How a machine joins; null if not known here. It changes while the screen is open: lines expire. */
  readonly joining: JoinLines | null;
}

/** A pane and its place within the body, in cells. */
export interface Pane {
  readonly screen: ScreenName;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is on the terminal now, for clicks. */
export interface DrawnFrame {
  readonly lines: readonly Line[];
  /** None while a page or the help covers them. */
  readonly panes: readonly Pane[];
  /** Lines above the body. */
  readonly top: number;
}

/** A chart costs more than anything else in a frame, so it is redrawn only when it must be. */
export interface DrawnChart {
  readonly of: string;
  readonly version: number;
  readonly at: number;
  readonly lines: readonly Line[];
}

/** Where a person is in a search: screen, cursors, pages, the open question. `search` holds what is known of it. */
export class ViewModel {
  readonly search: LiveSearch;
  readonly options: ScreenOptions;
  readonly lists: Lists;
  readonly troubles: Troubles;
  screen: ScreenName = "Standings";
  /** The pane that keys go to; if there is only one, the screen. */
  focus: ScreenName = "Standings";
  /** What the large pane shows: Jobs, Standings, Runs or Neighbourhood. */
  main: ScreenName = "Standings";
  isWide = false;
  pages: Page[] = [];
  pageScroll = 0;
  isHelpOpen = false;
  helpScroll = 0;
  prompt: Prompt | null = null;
  axis: CurveAxis = "iters";
  /** Whether the events are those of all jobs. */
  hasEventsOfAll = false;
  /** Whether to show in full how machines join, although some have joined. */
  hasJoinLines = false;
  hasMouse = false;
  drawn: DrawnFrame = { lines: [], panes: [], top: 0 };
  /** The chart that was drawn last. */
  chart: DrawnChart | null = null;
  /** When a chart was last on the screen; curves that nobody looks at are not read. */
  chartShownAt = Number.NEGATIVE_INFINITY;
  /** Frames a second if they are fewer than usual; 0: the usual rate. */
  slowFrames = 0;
  #notice: { readonly text: string; readonly until: number } | null = null;

  constructor(search: LiveSearch, options: ScreenOptions) {
    this.search = search;
    this.options = options;
    this.troubles = new Troubles(search);
    const { workspace, flags } = options;
    this.lists = createLists(search, { workspace, flags, isOfAllJobs: () => this.hasEventsOfAll });
    search.listen({
      event: (event) => {
        const isGone = search.isLive && event.type === "job-deleted" && event.messages === null;
        if (isGone) this.say(`${event.job} was deleted by ${event.by}`, search.now);
      },
      jobShown: () => {
        this.pages = [];
        this.lists.forget();
        if (this.hasEventsOfAll) return;
        this.lists.events.selectedKey = null;
        this.lists.events.reorderNow(search.now);
      },
    });
  }

  get page(): Page | undefined {
    return this.pages.at(-1);
  }

  /** Brings a screen to the front and closes the pages over it. */
  show(screen: ScreenName): void {
    this.screen = this.focus = screen;
    if (screen === "Jobs" || screen === "Standings" || screen === "Runs" || screen === "Neighbourhood")
      this.main = screen;
    this.pages = [];
  }

  /** The runs on a page of run sets, in its order: newest first, those of the first run set before those of the second. */
  runsOn(page: Extract<Page, { kind: "run set" }>): readonly Trial[] {
    return runSetsOf(page).flatMap((key) => this.search.runsOf(key));
  }

  open(page: Page): void {
    this.pages.push(page);
    this.pageScroll = 0;
  }

  say(text: string, now: number): void {
    this.#notice = { text, until: now + noticeMs };
  }

  /** Removes the message: a key was pressed that does something. */
  unsay(): void {
    this.#notice = null;
  }

  notice(now: number): string {
    return this.#notice && now < this.#notice.until ? this.#notice.text : "";
  }
}
