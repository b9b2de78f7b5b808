import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { type Setting, settingText } from "../../../shared/domain/hyperparameter.ts";
import { widthOf } from "../../words/cell-width.ts";
import { narrow } from "../../words/narrow.ts";

/** The fewest letters that a shortened word keeps. */
const leastLetters = 3;

/**
 * A configuration's settings in `width` cells. If they do not fit whole, numbers take their shortest form, and words and
 * names are cut to what tells them apart. The rest is counted: `lr=1e-3 disc=0.9 +4 more`. Nothing is dropped silently.
 */
export function settingsWithin(table: RunTable, configuration: readonly number[], width: number): string {
  const settings = usedSettings(table.submitted.hyperparameters, configuration);
  const dials = table.submitted.hyperparameters.flatMap(({ name, values }, i) =>
    values.length > 1 ? [{ name, values, value: settings[i] }] : [],
  );
  const whole = (): string[] => dials.map(({ name, value }) => `${name}=${settingText(value)}`);
  const brief = (): string[] => dials.map(({ name, value, values }) => `${name}=${briefSetting(value, values)}`);
  const cut = (longerThan: number): string[] => {
    const names = shortened(
      dials.map(({ name }) => name),
      longerThan,
    );
    return dials.map(({ value, values }, i) => `${names[i]}=${briefSetting(value, values)}`);
  };
  for (const parts of [whole, brief, () => cut(leastLetters + 1), () => cut(leastLetters)]) {
    const text = narrow(parts().join(" "));
    if (widthOf(text) <= width) return text;
  }
  const briefest = cut(leastLetters);
  for (let kept = briefest.length - 1; kept > 0; kept -= 1) {
    const text = narrow(`${briefest.slice(0, kept).join(" ")} +${briefest.length - kept} more`);
    if (widthOf(text) <= width) return text;
  }
  return `${dials.length} settings`.slice(0, Math.max(0, width));
}

function briefSetting(value: Setting | undefined, all: readonly Setting[]): string {
  const text = settingText(value);
  if (typeof value === "number") return settingText(value, 1);
  if (typeof value !== "string") return text;
  const others = all.filter((other) => other !== value).map((other) => settingText(other));
  const beginning = distinctBeginning(text, others);
  return shorter(text, `${beginning}..`);
}

const shorter = (a: string, b: string): string => (b.length < a.length ? b : a);

/** The names, those longer than this cut to what tells them from the others. */
function shortened(names: readonly string[], longerThan: number): string[] {
  return names.map((name) => {
    const others = names.filter((other) => other !== name);
    return widthOf(name) <= longerThan ? name : distinctBeginning(name, others);
  });
}

/** The letters that tell a word from the others. */
function distinctBeginning(word: string, others: readonly string[]): string {
  const letters = Array.from(word.normalize("NFC"));
  for (let length = leastLetters; length < letters.length; length += 1) {
    const beginning = letters.slice(0, length).join("");
    if (!others.some((other) => other.normalize("NFC").startsWith(beginning))) return beginning;
  }
  return word;
}
