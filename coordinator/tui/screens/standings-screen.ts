import { type Line, plain, span } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

export function standingsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.standings;
  const { table } = model.search;
  if (list.rows.length > 0) {
    if (list.filterText !== "" || !table || table.runSets.totals.completed > 0)
      return listLines(list, width, height, isFocused);
    const why = whyEmpty(model);
    return [...listLines(list, width, Math.max(2, height - 1 - why.length), isFocused), plain(""), ...why];
  }
  if (list.filterText !== "") return [plain("  no run set passes the filter; Esc clears it")];
  return whyEmpty(model);
}

/** What a newcomer waits for. */
function whyEmpty(model: ViewModel): Line[] {
  const { options, search } = model;
  const { table } = search;
  if (!table) {
    return [
      plain(`  workspace ${options.workspace} has no job yet. In another terminal type:`),
      plain(""),
      [span("    nexus init              ", "accent"), span("writes a first spec, search.yaml")],
      [span("    nexus run search.yaml   ", "accent"), span("starts the search; it appears here")],
    ];
  }
  if (table.isOver) return [plain("  no run has completed, so there are no standings; 2 shows the runs")];
  if (table.running > 0) return [plain(`  ${table.running} running; the first result opens the standings`)];
  const { joining } = options;
  const [command] = joining?.commands ?? [];
  return [
    plain(`  waiting for a worker. On ${joining?.opening ? "this machine" : "any machine that shall help"} type:`),
    plain(""),
    [span(`    ${command ?? "nexus-worker LINE"}`, "accent")],
    plain(""),
    plain(
      command === undefined
        ? "  the line is printed by nexus-coord on the coordinator's machine"
        : `  3 shows the line again${joining?.opening ? ", and how other machines may join" : ""}; y there copies it`,
    ),
  ];
}
