import { timeOfDay } from "../../words/event-words.ts";
import { clip } from "../../words/narrow.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";

/** Newest last; while nobody has moved in it, the end is shown. */
export function eventsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.events;
  if (list.rows.length === 0) {
    return [
      plain(list.filterText === "" ? "  nothing has happened yet" : "  no event passes the filter; Esc clears it"),
    ];
  }
  const isLive = list.selectedKey === null;
  const { rows, selected } = isLive ? { rows: list.end(height), selected: -1 } : list.visible(height);
  return rows.map((row, i): Line => {
    const isSelected = isFocused && i === selected;
    const mark = row.level === "trouble" ? "!" : " ";
    const times = row.count > 1 ? ` (x${row.count})` : "";
    const text = `${clip(row.text, width - 13 - times.length)}${times}`;
    if (isSelected) return [span(`> ${timeOfDay(row.at)} ${mark} ${text}`, "selected")];
    return [
      span(`  ${timeOfDay(row.at)} `, "dim"),
      span(`${mark} `, row.level === "trouble" ? "bad" : "plain"),
      span(text, row.level === "trouble" ? "warn" : "plain"),
    ];
  });
}
