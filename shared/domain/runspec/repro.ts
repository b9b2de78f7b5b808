import { DEFAULT_SCALAR_STYLE_RULES, type DumpOptions, dump, SCALAR_STYLE, type ScalarLayout } from "js-yaml";
import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import type { ChosenSettings } from "../run.ts";
import { isMapping, type Tree } from "./tree.ts";

/** js-yaml 5.5 does not quote text that ends in a Unicode space such as U+2000, and reads it back without it. */
function quoteUnlessAscii(layout: ScalarLayout): void {
  if (/[^\n\x20-\x7e]/.test(layout.node.value)) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
}

const style: DumpOptions = {
  noRefs: true,
  lineWidth: -1,
  scalarStyleRules: [quoteUnlessAscii, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
};

/**
 * The text of `repro_spec.yaml`: the expanded spec of a run with the numbers it drew. Executing it repeats the run.
 *
 * The stages contain the chosen values instead of aliases, because the filled-in defaults fit only the chosen
 * components. To show the run's settings, each hyperparameter lists its chosen value as the only one.
 *
 * @throws TypeError if `expanded` is not a mapping
 */
export function reproSpec(expanded: Tree, hyperparameters: readonly Hyperparameter[], chosen: ChosenSettings): string {
  if (!isMapping(expanded)) throw new TypeError("not an expanded spec");
  const parts = [
    "# Written by the run itself: every setting it had, and every number it drew for a randint.",
    "# Executing this file repeats the run. The job launcher is disabled, and the stages hold the chosen values.",
  ];
  for (const [key, value] of Object.entries(expanded)) {
    if (key === "string_replacements" || key === "forward_definitions") continue;
    if (key === "hyperparameters") {
      if (hyperparameters.length > 0) parts.push("", ...hyperparameterLines(hyperparameters, chosen));
    } else {
      const shown = key === "job_launcher" && isMapping(value) ? { ...value, enabled: 0 } : value;
      if (typeof value === "object" && value !== null) parts.push("");
      parts.push(dump({ [key]: shown }, style).trimEnd());
    }
  }
  return `${parts.join("\n")}\n`;
}

function hyperparameterLines(hyperparameters: readonly Hyperparameter[], chosen: ChosenSettings): string[] {
  const lines = hyperparameters.flatMap(({ name, ordered, onlyWhen = [] }) => {
    const value = inOneLine(chosen[name] ?? null);
    const conditions = onlyWhen.map((text) => JSON.stringify(text)).join(", ");
    return [
      `  - name: &${name}`,
      `      ${ordered ? "ordered" : "unordered"}_tuning_values: [${value}]`,
      `      tuned_value: ${value}`,
      ...(conditions === "" ? [] : [`      only_when: [${conditions}]`]),
    ];
  });
  return ["hyperparameters:", ...lines];
}

function inOneLine(value: Setting): string {
  return dump([value], { ...style, flowLevel: 0 })
    .trim()
    .slice(1, -1);
}
