import { type Line, plain } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

export function runsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.runs;
  if (list.rows.length > 0) return listLines(list, width, height, isFocused);
  return [plain(list.filterText === "" ? "  no run has started yet" : "  no run passes the filter; Esc clears it")];
}
