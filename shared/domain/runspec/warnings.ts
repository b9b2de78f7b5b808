import { neverActive } from "../conditions/activity.ts";
import type { SpecCheck } from "./check.ts";
import type { Launcher } from "./check-root.ts";
import type { HyperparameterSection } from "./hyperparameter-section.ts";
import type { JobSettings } from "./job-settings.ts";
import { type ProblemList, quoted } from "./problems.ts";
import { placeOf } from "./source-text.ts";
import { type AliasNode, dereferenced, type MapNode, type YamlDocument } from "./yaml-tree.ts";

/**
 * Warnings about wasteful searches: a hyperparameter with several values but no effect, because nothing executed refers
 * to it or it is never active; a search without randint, whose runs with the same settings are equal; settings that do
 * not suit each other, such as median pruning of dgd. Includes the document's `doubts`: text that can be read, but most
 * likely not as intended.
 */
export function wastefulSearch(
  document: YamlDocument,
  root: MapNode,
  section: HyperparameterSection,
  check: SpecCheck,
  settings: JobSettings,
  launcher: Launcher,
): ProblemList {
  const warnings = document.doubts;
  section.hyperparameters.forEach(({ name, values }, number) => {
    const anchor = section.anchors[number];
    const word = values.find((value) => typeof value === "string" && /^[-+]?(inf|infinity|nan)$/i.test(value));
    if (anchor !== undefined && word !== undefined && values.some((value) => typeof value === "number")) {
      const number = /nan/i.test(String(word))
        ? "which no search can choose as a number"
        : "infinity is .inf, or -.inf";
      warnings.add(anchor, `${word} is a text among the numbers of hyperparameter ${quoted(name)}`, number);
    }
    if (anchor === undefined || check.used.has(number) || values.length < 2) return;
    const references = document.aliases.filter((alias) => alias.hyperparameter === number);
    const [first] = references;
    const hint = `its ${values.length} values multiply the search and change no run`;
    if (first === undefined) {
      const remedy = `write *${name} where it belongs, or delete these lines`;
      warnings.add(anchor, `nothing refers to hyperparameter ${quoted(name)}`, hint, remedy);
    } else {
      const where = references.map(
        (alias) => `*${name} is used on line ${placeOf(alias).line}, ${partOf(root, alias)}`,
      );
      warnings.add(anchor, `nothing that is executed refers to hyperparameter ${quoted(name)}`, ...where, hint);
    }
  });
  for (const number of neverActive(section.hyperparameters)) {
    const at = section.onlyWhen[number]?.[0]?.at;
    const { name = "", values = [] } = section.hyperparameters[number] ?? {};
    if (at === undefined || values.length < 2) continue;
    const hint = "none of the listed values makes its condition true; its tuned value is used throughout";
    warnings.add(at, `hyperparameter ${quoted(name)} is never active`, hint);
  }
  if (settings.enabled && settings.hpTuning !== false && !check.hasRandint) {
    const at = launcher.given?.byKey.get("hp_tuning")?.value ?? root;
    const hint =
      "runs with the same settings would all have the same result; write randint for a seed in an enabled stage";
    warnings.add(at, `hp_tuning is ${settings.hpTuning}, but no randint occurs in what is executed`, hint);
  }
  const { enabled, hpTuning, pruning } = settings;
  const isFocused = hpTuning !== false && hpTuning !== "random" && hpTuning !== "grid";
  if (enabled && isFocused && (pruning === "median" || pruning === "asha")) {
    const at = launcher.given?.byKey.get("pruning")?.value ?? root;
    const hint = `${hpTuning} spends its runs on good settings, and half of what ${pruning} stops is good; write model or none`;
    warnings.add(at, `pruning: ${pruning} is for random and grid`, hint);
  }
  const dgd = launcher.given?.byKey.get("dgd")?.value;
  if (enabled && dgd !== undefined && hpTuning !== false && hpTuning !== "dgd") {
    const hint = `it says how hp_tuning: dgd chooses, and hp_tuning is ${hpTuning}; write hp_tuning: dgd, or delete it`;
    warnings.add(dgd, "dgd has no effect", hint);
  }
  return warnings;
}

/** Names the part of the spec that contains a reference which is not executed. */
function partOf(root: MapNode, alias: AliasNode): string {
  const section = root.entries.findLast((entry) => entry.at.start <= alias.start);
  const node = section === undefined ? undefined : dereferenced(section.value);
  if (section?.key === "processing_stages" && node?.kind === "list") {
    const number = node.items.findLastIndex((item) => item.start <= alias.start) + 1;
    return `in processing stage ${number}, which is not enabled`;
  }
  if (section?.key === "forward_definitions") return "in a forward definition that no enabled stage uses";
  if (section?.key === "string_replacements") return "in a replacement that nothing executed uses";
  return `in ${section?.key ?? "the spec"}`;
}
