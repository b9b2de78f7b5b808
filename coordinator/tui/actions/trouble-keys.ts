import type { ViewModel } from "../view-model.ts";
import type { KeyContext } from "./key-context.ts";

/** Whether Enter goes to what is wrong: the search cannot get anywhere, and no row was chosen that it could open. */
export function isTroubleFirst({ troubles, lists, focus }: ViewModel): boolean {
  if (focus === "Jobs" || focus === "Events") return false;
  return troubles.all[0]?.isGrave === true && lists.of(focus).selectedKey === null;
}

/** Shows what is wrong; false if nothing is. */
export function goToTrouble({ model, now }: KeyContext): boolean {
  const [trouble] = model.troubles.all;
  if (!trouble) return false;
  const { place } = trouble;
  const { lists } = model;
  if (place.kind === "run") {
    model.show("Runs");
    lists.runs.setFilter(place.filter, now);
    model.open({ kind: "run", n: place.n });
  } else {
    model.show("Workers");
    if (place.worker !== null) lists.workers.select(place.worker);
  }
  return true;
}
