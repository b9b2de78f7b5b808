import { type Hyperparameter, type Range, rangeScales } from "../../../shared/domain/hyperparameter.ts";
import { isLog } from "../../../shared/domain/ranges/range.ts";
import { nearestScale, rangeProblems } from "../../../shared/domain/runspec/range-line.ts";
import { UsageError } from "../../../shared/errors.ts";

const number = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?`;
const form = new RegExp(String.raw`^([^=]+)=(${number})\.\.(${number})(?::([\w-]+)(,zero)?)?$`, "i");

/**
 * `lr=1e-5..1e-2:log`, `clip=0.1..100:log,zero`, `lr=1e-6..1e-1`.
 *
 * @param hyperparameters  the job's: a range that is made wider keeps its scale, and its 0, unless a scale is named
 * @throws UsageError that says what the option may be
 */
export function addedRange(
  text: string,
  hyperparameters: readonly Hyperparameter[],
): { readonly name: string; readonly range: Range } {
  const [, name, from, to, word, zero] = form.exec(text.trim()) ?? [];
  const bad = (expected: string): UsageError => new UsageError(`--add-range is "${text}"; ${expected}`);
  if (name === undefined || from === undefined || to === undefined) {
    throw bad("expected a hyperparameter and a range, such as lr=1e-5..1e-2:log");
  }
  const before = hyperparameters.find((each) => each.name === name)?.range;
  const typed = word?.toLowerCase().replaceAll("-", "_");
  const scale = typed === undefined ? (before?.scale ?? "linear") : rangeScales.find((each) => each === typed);
  if (scale === undefined) {
    const hint = nearestScale(word ?? "").map((line) => `\n  ${line}`);
    throw bad(`expected one of the scales ${rangeScales.join(", ")} after the colon${hint.join("")}`);
  }
  const ends = { from: Number(from), to: Number(to), scale };
  const keepsZero = before?.zero === true && isLog(ends);
  const range: Range = zero !== undefined || keepsZero ? { ...ends, zero: true } : ends;
  for (const end of [range.from, range.to]) if (!Number.isFinite(end)) throw bad("expected finite numbers");
  const [problem] = rangeProblems(range, "it");
  if (problem) throw bad(`${problem.message}\n  ${problem.hints.join("\n  ")}`);
  return { name, range };
}
