import type { DotForm } from "../chart/dots.ts";
import type { CurveAxis } from "../live/curve-store.ts";
import type { LiveSearch } from "../live/live-search.ts";
import type { ScreenName } from "./keys.ts";
import { createLists, type Lists } from "./lists/lists.ts";
import type { Prompt } from "./prompt.ts";
import type { Line, Look } from "./terminal/styled.ts";

/** A page over the screens: what Enter opened. */
export type Page = { readonly kind: "run set"; readonly key: string } | { readonly kind: "run"; readonly n: number };

/** How long a message stays at the bottom. */
const noticeMs = 6000;

/** How a machine joins, as the screen shows it. */
export interface JoinLines {
  /** What to type, once for each address under which others may reach the coordinator's machine. */
  readonly commands: readonly string[];
  /** What lets other machines join, if the commands are for this one alone. */
  readonly opening: string | null;
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

/** A chart costs more than anything else in a frame, so it is redrawn only when it must be. */
export interface DrawnChart {
  readonly of: string;
  readonly version: number;
  readonly at: number;
  readonly lines: readonly Line[];
}

/** Where a person is in a search: screen, cursors, pages, the open question. What is known of the search is in `search`. */
export class ViewModel {
  readonly search: LiveSearch;
  readonly options: ScreenOptions;
  readonly lists: Lists;
  screen: ScreenName = "Standings";
  /** The pane that keys go to; if there is only one, the screen. */
  focus: ScreenName = "Standings";
  /** What the large pane shows: Standings, Runs or Neighbourhood. */
  main: ScreenName = "Standings";
  isWide = false;
  pages: Page[] = [];
  pageScroll = 0;
  isHelpOpen = false;
  helpScroll = 0;
  prompt: Prompt | null = null;
  axis: CurveAxis = "iters";
  hasMouse = false;
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
    this.lists = createLists(search, options.workspace);
    search.listen({
      jobShown: () => {
        this.pages = [];
        this.lists.forget();
      },
    });
  }

  get page(): Page | undefined {
    return this.pages.at(-1);
  }

  /** Brings a screen to the front and closes the pages over it. */
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

  /** Removes the message: a key was pressed that does something. */
  unsay(): void {
    this.#notice = null;
  }

  notice(now: number): string {
    return this.#notice && now < this.#notice.until ? this.#notice.text : "";
  }
}
