import { counted } from "../../../shared/domain/counted.ts";
import { neighbourhoodOf, percent } from "../lists/neighbours-list.ts";
import { type Line, plain, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";
import { settingsWithin } from "./settings-text.ts";
import { listLines } from "./table-view.ts";

/** Lines that the steps get, with their header, before any explanation. */
const leastRows = 6;

export function neighbourhoodLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const { table, leader } = model.search;
  const around = table && neighbourhoodOf(table);
  if (!table || !around) return [plain("  until a run has completed, every hyperparameter is drawn at random")];
  const { best, members, totalWeight } = around;
  const [centre] = members;
  const tuning = table.submitted.settings.hpTuning;
  const how =
    tuning === "dgd"
      ? `the weights add up to ${totalWeight}; neighbours with fewer runs weigh more`
      : `hp_tuning is ${String(tuning)}, which does not look at neighbours: "next" is what dgd would do`;
  const runs = `${counted(best.completed, "run")}${best.inFlight > 0 ? ` and ${best.inFlight} in flight` : ""}`;
  const isLeader = best.key === leader?.runSet.key;
  const other = isLeader ? "" : "; the standings, which allow for luck, rank another one first";
  const whole = [
    [span("  centre  ", "heading"), span(settingsWithin(table, best.configuration, width - 10), "bold")],
    ...wrapped(
      plain(
        `          highest mean: ${best.mean.toPrecision(4)} of ${runs}; its chance of being tried next: ${percent(centre?.probability ?? 0)}${other}`,
      ),
      width,
      10,
    ),
    ...wrapped([span(`          ${how}`, "dim")], width, 10),
    plain(""),
  ];
  // On a low screen the steps come first.
  const head = height - whole.length < leastRows ? whole.slice(0, 1) : whole;
  return [...head, ...listLines(model.lists.neighbourhood, width, Math.max(2, height - head.length), isFocused)];
}
