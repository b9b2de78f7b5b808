import type { Cell } from "../../words/table.ts";
import type { ScreenColumn } from "../lists/columns.ts";
import type { ViewModel } from "../view-model.ts";

export interface Copied {
  readonly text: string;
  /** For the sentence that says so. */
  readonly what: string;
}

/** What `y` copies: the selected row as JSON, numbers unrounded; on Workers the line that another machine types. */
export function copyText(model: ViewModel): Copied | undefined {
  const { lists, focus, page, options, search } = model;
  const { table } = search;
  if (page?.kind === "run" && table) {
    const trial = table.trial(page.n);
    return trial && row({ table, trial }, lists.runs.columns, trial.run);
  }
  switch (focus) {
    case "Standings":
    case "Curves": {
      const { selected } = lists.standings;
      const { standing } = selected ?? {};
      return selected && row(selected, lists.standings.columns, standing ? `run set #${standing.rank}` : "the run set");
    }
    case "Runs": {
      const { selected } = lists.runs;
      return selected && row(selected, lists.runs.columns, selected.trial.run);
    }
    case "Workers": {
      const [command] = options.joining?.commands ?? [];
      if (command !== undefined) return { text: command, what: "the join line" };
      const { selected } = lists.workers;
      return selected && row(selected, lists.workers.columns, selected.record.id);
    }
    case "Neighbourhood": {
      const { selected } = lists.neighbourhood;
      return selected && row(selected, lists.neighbourhood.columns, selected.key);
    }
    case "Events": {
      const { selected } = lists.events;
      return selected && row(selected, lists.events.columns, "the event");
    }
    default: {
      const never: never = focus;
      return never;
    }
  }
}

function row<Row>(of: Row, columns: readonly ScreenColumn<Row>[], what: string): Copied {
  const cells: Record<string, Exclude<Cell, undefined>> = {};
  for (const { name, value } of columns) {
    const cell = value(of);
    if (cell !== undefined) cells[name] = cell;
  }
  return { text: JSON.stringify(cells), what };
}
