import { changeableSettings, type JobChanges } from "../fold/events.ts";
import type { Goal } from "../goal.ts";
import type { Hyperparameter, Range, Setting } from "../hyperparameter.ts";
import { rangeText } from "../ranges/range.ts";
import type { JobSettings } from "../runspec/job-settings.ts";
import { stopRuleText } from "../runspec/quantities.ts";
import { dereferenced, type Entry } from "../runspec/yaml-tree.ts";
import { hyperparameterLines, type Lines, placeBefore, settingIn, UnwritableSpec, withLauncher } from "./tuned-spec.ts";
import { edited, entryReplacement, itemInsertion, replacement, yamlText } from "./yaml-edits.ts";

/** What `nexus edit` can change, as written in a spec and as kept by a job. */
interface Told {
  readonly settings: JobSettings;
  readonly hyperparameters: readonly Hyperparameter[];
}

/** The changes since the submission, which turn the spec's job into the present one. */
export function changesSince(submitted: Told, now: Told): JobChanges {
  const settings = changeableSettings.flatMap((key) => {
    const isSame = JSON.stringify(submitted.settings[key]) === JSON.stringify(now.settings[key]);
    return isSame ? [] : [[key, now.settings[key]] as const];
  });
  const before = new Map(submitted.hyperparameters.map((each) => [each.name, each]));
  const addRanges: Record<string, Range> = {};
  const addValues: Record<string, Setting[]> = {};
  for (const { name, range, values } of now.hyperparameters) {
    const { range: rangeBefore, values: valuesBefore = [] } = before.get(name) ?? {};
    if (range && (!rangeBefore || rangeText(rangeBefore) !== rangeText(range))) addRanges[name] = range;
    // The marks of a range follow from it.
    const added = range ? [] : values.filter((value) => !valuesBefore.includes(value));
    if (added.length > 0) addValues[name] = added;
  }
  return {
    ...Object.fromEntries(settings),
    ...(Object.keys(addRanges).length > 0 ? { addRanges } : {}),
    ...(Object.keys(addValues).length > 0 ? { addValues } : {}),
  };
}

/**
 * The spec's text with these changes in it; everything else stays byte for byte.
 *
 * @throws UnwritableSpec if the spec's layout does not allow it
 */
export function withChanges(
  text: string,
  changes: JobChanges,
  hyperparameters: readonly Hyperparameter[],
  goal: Goal,
): string {
  const launcher = launcherOf(changes, goal);
  let written = Object.keys(launcher).length > 0 ? withLauncher(text, launcher) : text;
  for (const [name, range] of Object.entries(changes.addRanges ?? {})) written = withRange(written, name, range);
  for (const [name, values] of Object.entries(changes.addValues ?? {})) {
    const hyperparameter = hyperparameters.find((each) => each.name === name);
    for (const value of values) if (hyperparameter) written = withValue(written, hyperparameter, value);
  }
  return written;
}

/** The changed settings in the words of a spec. */
function launcherOf(changes: JobChanges, goal: Goal): Record<string, Setting> {
  const { totalRuns, computeNodes, runsPerNode, priority, retries, maxRunSeconds, maxJobSeconds } = changes;
  const { deadline, stopWhen, maxFailuresInARow, maxFailuresAtStart, checkpointLimit, graceSeconds } = changes;
  const all: Record<string, Setting | undefined> = {
    total_runs: totalRuns,
    compute_nodes: computeNodes,
    runs_per_node: runsPerNode,
    priority,
    retries,
    checkpoint_limit: checkpointLimit,
    grace: graceSeconds,
    max_run_time: maxRunSeconds,
    max_job_time: maxJobSeconds,
    deadline: typeof deadline === "number" ? new Date(deadline).toISOString().replace(".000Z", "Z") : deadline,
    stop_when: stopWhen ? stopRuleText(stopWhen, goal) : stopWhen,
    max_failures_in_a_row: maxFailuresInARow === null ? "never" : maxFailuresInARow,
    max_failures_at_start: maxFailuresAtStart === null ? "never" : maxFailuresAtStart,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function linesOf(text: string, name: string): Lines {
  const found = hyperparameterLines(text).get(name);
  if (!found) throw new UnwritableSpec(`the spec has no hyperparameter "${name}"`);
  return found;
}

function withValue(text: string, hyperparameter: Hyperparameter, value: Setting): string {
  const { list } = linesOf(text, hyperparameter.name);
  const node = dereferenced(list.value);
  if (node?.kind !== "list") throw new UnwritableSpec(`hyperparameter "${hyperparameter.name}" has no list of values`);
  return edited(text, [itemInsertion(text, node, placeBefore(node.items, hyperparameter, value), yamlText(value))]);
}

/** A list becomes a range; a range gets its ends, and its scale if that has changed. */
function withRange(text: string, name: string, range: Range): string {
  const { list } = linesOf(text, name);
  const { from, to, scale, zero = false } = range;
  const node = dereferenced(list.value);
  const whole = `range: {from: ${yamlText(from)}, to: ${yamlText(to)}, scale: ${scale}${zero ? ", zero: true" : ""}}`;
  if (list.key !== "range" || node?.kind !== "map") return edited(text, [entryReplacement(text, list, whole)]);
  const is = (key: string, usual: Setting): Setting => {
    const entry = node.byKey.get(key);
    return (entry && settingIn(entry.value)) ?? usual;
  };
  // If only the ends have moved, the rest stays as it was written.
  if (is("scale", "linear") !== scale || is("zero", false) !== zero)
    return edited(text, [entryReplacement(text, list, whole)]);
  const ends = (["from", "to"] as const).flatMap((key) => {
    const entry: Entry | undefined = node.byKey.get(key);
    if (!entry || settingIn(entry.value) === range[key]) return [];
    const edit = replacement(text, entry, yamlText(range[key]));
    if (!edit) throw new UnwritableSpec(`the range of "${name}" is written in a way that cannot be replaced`);
    return [edit];
  });
  return edited(text, ends);
}
