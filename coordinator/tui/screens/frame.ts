import { boundText } from "../../../shared/domain/goal.ts";
import { narrow } from "../../words/narrow.ts";
import { type ScreenName, screenNames } from "../keys.ts";
import { shownGoal } from "../lists/columns.ts";
import { clickable, fitted, type Line, lineWidth, plain, type Span, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { Pane, ViewModel } from "../view-model.ts";
import { bestLines } from "./best-screen.ts";
import { curvesLines } from "./curves-screen.ts";
import { eventsLines } from "./events-screen.ts";
import { headerHeight, headerLines } from "./header.ts";
import { helpScreen } from "./help.ts";
import { keyHints, pageHints } from "./key-hints.ts";
import { jobsLines, runsLines, standingsLines, workersLines } from "./list-screens.ts";
import { neighbourhoodLines } from "./neighbourhood-screen.ts";
import { pageLines } from "./pages.ts";
import { promptLines } from "./prompts.ts";
import { partText } from "./table-view.ts";

/** The smallest screen. Below it, one sentence says so. */
const least = { width: 60, height: 12 };
const twoPanes = { width: 110, height: 32 };
/** Below the first width long names are shortened, below the second all are. */
const namesWidth = 80;
const cutNamesWidth = 69;
const cutLetters = 4;
const cutNames: Partial<Record<ScreenName, string>> = {
  Standings: "Stand.",
  Workers: "Work.",
  Neighbourhood: "Neighb.",
};
/** The most lines of a message that are shown. */
const noticeLines = 6;
/** Width of the best's curve beside the events, and its height between workers and curves. */
const bestWidth = 46;
const bestHeight = 12;
const fourPanes = { width: 180, height: 48 };

/** The screens visible at this size, in Tab order. */
export function panesAt(model: ViewModel, width: number, height: number): ScreenName[] {
  return areas(model, width, height).map(({ screen }) => screen);
}

/** What the terminal shows: `height` lines, none longer than `width`. `now` is monotonic. */
export function frameLines(model: ViewModel, width: number, height: number, now: number): Line[] {
  model.search.look(now);
  if (width < least.width || height < least.height) {
    const text = `${width}x${height} is too small (at least ${least.width}x${least.height}); the search goes on`;
    return wrapped(plain(text), width, 0).slice(0, height);
  }
  // A smaller terminal may leave out the pane that keys went to.
  if (!panesAt(model, width, height).includes(model.focus)) model.focus = model.screen;
  const said = saidLines(model, width, now)?.slice(-(height - headerHeight - 2));
  const bodyHeight = height - headerHeight - (said?.length ?? 1);
  const body = bodyLines(model, width, bodyHeight, now);
  const head = filled(headerLines(model, width), width, headerHeight);
  // What keys do depends on the lists, which the body has brought up to date.
  const foot = said ?? [hintLine(model, width)];
  const lines = [...head, ...body, ...foot.map((line) => fitted(line, width))];
  const panes = model.isHelpOpen || model.page ? [] : areas(model, width, bodyHeight + headerHeight + 1);
  model.drawn = { lines, panes, top: head.length };
  return lines;
}

/** Lines of `width` cells. */
function bodyLines(model: ViewModel, width: number, height: number, now: number): Line[] {
  if (model.isHelpOpen) return filled(helpScreen(model, width, height), width, height);
  if (model.page) return filled(pageLines(model, model.page, width, height), width, height);
  const all = areas(model, width, height + headerHeight + 1);
  for (const { screen } of all) model.lists.of(screen).refresh(model.search.version, now, model.search.sideWork);
  const rows: Line[] = [];
  const drawn = all.map((area) => ({ area, lines: paneLines(model, area, all.length > 1, now) }));
  for (let y = 0; y < height; y += 1) {
    const spans: Span[] = [];
    for (const { area, lines } of drawn) {
      if (y < area.y || y >= area.y + area.height) continue;
      if (area.x > 0) spans.push(span("│", "dim"));
      spans.push(...(lines[y - area.y] ?? []));
    }
    rows.push(spans);
  }
  return rows;
}

/** Places of the panes within the body; `height` is the whole terminal's. */
function areas(model: ViewModel, width: number, height: number): Pane[] {
  const { screen, main, isWide, focus } = model;
  const body = height - headerHeight - 1;
  if (isWide || width < twoPanes.width || height < twoPanes.height) {
    return [{ screen: isWide ? focus : screen, x: 0, y: 0, width, height: body }];
  }
  if (width < fourPanes.width || height < fourPanes.height) {
    if (screen === "Events") return [{ screen, x: 0, y: 0, width, height: body }];
    const events = Math.min(10, Math.floor(body / 4));
    const best = screen === "Best" ? 0 : bestWidth;
    const beside: Pane = { screen: "Best", x: width - best + 1, y: body - events, width: best - 1, height: events };
    return [
      { screen, x: 0, y: 0, width, height: body - events },
      { screen: "Events", x: 0, y: body - events, width: width - best, height: events },
      ...(best > 0 ? [beside] : []),
    ];
  }
  const left = Math.floor(width * 0.56);
  const right = width - left - 1;
  const lower = Math.floor(body * 0.4);
  const best = Math.min(bestHeight, Math.floor((body - lower) / 2));
  return [
    { screen: main, x: 0, y: 0, width: left, height: body - lower },
    { screen: "Workers", x: left + 1, y: 0, width: right, height: body - lower - best },
    { screen: "Best", x: left + 1, y: body - lower - best, width: right, height: best },
    { screen: "Events", x: 0, y: body - lower, width: left, height: lower },
    { screen: "Curves", x: left + 1, y: body - lower, width: right, height: lower },
  ];
}

function paneLines(model: ViewModel, area: Pane, isOneOfMany: boolean, now: number): Line[] {
  const { screen, width, height } = area;
  // Before the title, which says which part of the list the content shows.
  const content = contents[screen](model, width, height - 1, model.focus === screen);
  return filled([paneTitle(model, area, isOneOfMany, now), ...content], width, height);
}

/** What each screen shows under its title. */
const contents: Readonly<
  Record<ScreenName, (model: ViewModel, width: number, height: number, isFocused: boolean) => readonly Line[]>
> = {
  Jobs: jobsLines,
  Standings: standingsLines,
  Runs: runsLines,
  Workers: workersLines,
  Curves: curvesLines,
  Neighbourhood: neighbourhoodLines,
  Events: eventsLines,
  Best: bestLines,
};

function paneTitle(model: ViewModel, { screen, width }: Pane, isOneOfMany: boolean, now: number): Line {
  const isFocused = model.focus === screen;
  const list = model.lists.of(screen);
  const isListed = screen !== "Curves" && screen !== "Best";
  const spans: Span[] = [
    span(isFocused && isOneOfMany ? "▶" : "─", "dim"),
    span(` ${screen} `, isFocused ? "heading" : "bold"),
  ];
  if (isListed && list.total > 0) {
    const count = list.filterText === "" ? String(list.total) : `${list.rows.length} of ${list.total}`;
    spans.push(span(`${count} `, "dim"));
  }
  if (isListed && list.filterText !== "") spans.push(span(`filter: ${narrow(list.filterText)} `, "warn"));
  if (isListed && list.sortName !== null)
    spans.push(span(`by ${narrow(list.sortName)}${list.isDescending ? "▼" : "▲"} `, "accent"));
  else if (screen === "Events" && (model.search.jobPlace?.of ?? 1) > 1)
    spans.push(span(model.hasEventsOfAll ? "of all jobs " : `of ${model.search.job}; a: all jobs `, "dim"));
  else if (screen === "Standings" && list.total > 0)
    spans.push(span(`by ${boundText(shownGoal(model.search))} `, "dim"));
  if (isListed && list.isFrozen) spans.push(span("FROZEN ", "warn"));
  else if (isListed && isFocused && list.isHeld(now)) spans.push(span("held ", "dim"));
  if (isListed && list.isFollowing) spans.push(span("following ", "dim"));
  const seen = isListed ? partText(list.shown) : "";
  const part = seen === "" ? "" : ` ${seen} ─`;
  const used = lineWidth(spans) + part.length;
  const title = [...spans, span("─".repeat(Math.max(0, width - used)), "dim")];
  return [...fitted(title, width - part.length), span(part, "dim")];
}

/** The open question, or the message; null if there is neither. */
function saidLines(model: ViewModel, width: number, now: number): Line[] | null {
  if (model.prompt) return promptLines(model.prompt, width).flatMap((line) => wrapped(line, width));
  const notice = model.notice(now);
  if (notice === "") return null;
  const lines = notice.split("\n").flatMap((line) => wrapped([span(` ${narrow(line)}`, "warn")], width));
  return lines.slice(0, noticeLines);
}

/** A reminder of the keys. */
function hintLine(model: ViewModel, width: number): Line {
  if (model.isHelpOpen) return [span(" ? or Esc closes the help; up and down scroll", "dim")];
  if (model.page) return [span(pageHints(model, model.page), "dim")];
  const screens = screenNames.flatMap(
    (name, i): Line =>
      clickable([span(` ${i} `, "dim"), span(shownName(name, width), model.focus === name ? "heading" : "plain")], {
        kind: "screen",
        screen: name,
      }),
  );
  const used = screens.reduce((sum, { text }) => sum + text.length, 0);
  return [...screens, span(keyHints(model, width - used), "dim")];
}

function shownName(name: ScreenName, width: number): string {
  if (width >= namesWidth) return name;
  return width < cutNamesWidth ? name.slice(0, cutLetters) : (cutNames[name] ?? name);
}

function filled(lines: readonly Line[], width: number, height: number): Line[] {
  const out: Line[] = [];
  for (let i = 0; i < height; i += 1) out.push(fitted(lines[i] ?? [], width));
  return out;
}
