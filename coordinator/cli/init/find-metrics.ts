import type { FoundMetrics } from "./found-options.ts";

/** A line that a script prints: texts, and the values between them. */
export interface PrintedLine {
  readonly line: number;
  readonly parts: readonly PrintedPart[];
}

interface PrintedPart {
  readonly text?: string;
  readonly value?: string;
  /** Blanks fill the value up to a width. */
  readonly padded?: boolean;
  /** A percent sign follows the value. */
  readonly percent?: boolean;
}

/** Names of what a search might maximise or minimise, the most telling first. */
const wanted: readonly RegExp[] = [
  /^(val|valid|validation|dev|eval)[_/ .-]?(acc|accuracy|f1|auc|score|reward|map|bleu|iou|dice)/i,
  /^(val|valid|validation|dev|eval)[_/ .-]?(loss|error|err|mse|mae|rmse|ppl|perplexity|nll)/i,
  /^test[_/ .-]?(acc|accuracy|f1|auc|score|reward)/i,
  /^test[_/ .-]?(loss|error|mse|mae|rmse|ppl)/i,
  /^(acc|accuracy|f1|auc|score|reward|return|map|bleu|iou|dice|r2)(_|$|\d|@)/i,
  /^(loss|error|err|mse|mae|rmse|ppl|perplexity|nll|elbo)(_|$)/i,
  /^train[_/ .-]?(acc|accuracy|loss|error)/i,
];

export const isLower = (name: string): boolean => /loss|err|mse|mae|rmse|ppl|perplexity|nll|seconds|time/i.test(name);
const rankOf = (name: string): number => wanted.findIndex((each) => each.test(name));
const counts = /^(epoch|step|iter|iteration|round|episode|batch|global_step)s?$/i;
/** Names that every run already has, or to which the spec gives another meaning. */
const taken = new Set(["hrs", "iters"]);
const isName = (name: string): boolean => /^[A-Za-z_][\w.-]{0,59}$/.test(name) && !taken.has(name);

/**
 * The metrics that a search could go by.
 *
 * @param reported  names that the script reports as JSON, or logs
 */
export function findMetrics(prints: readonly PrintedLine[], reported: readonly string[]): FoundMetrics {
  const told = [...new Set(reported.filter(isName))];
  if (told.length > 0) return { ...ordered(told), pattern: null };
  let best: { readonly line: PrintedLine; readonly names: readonly string[]; readonly rank: number } | undefined;
  for (const line of prints) {
    const names = [...new Set(labels(line).filter((name) => rankOf(name) >= 0 && /^\w+$/.test(name) && isName(name)))];
    const ranks = names.map(rankOf);
    const rank = Math.min(...ranks) - (labels(line).some((name) => counts.test(name)) ? 0.5 : 0);
    if (names.length > 0 && (best === undefined || rank < best.rank)) best = { line, names, rank };
  }
  if (!best) return { names: [], goal: "maximize", pattern: null };
  return { ...ordered(best.names), pattern: patternOf(best.line, new Set(best.names)) };
}

function ordered(names: readonly string[]): Pick<FoundMetrics, "names" | "goal"> {
  const place = (name: string): number => (rankOf(name) < 0 ? wanted.length : rankOf(name));
  const sorted = [...names].sort((a, b) => place(a) - place(b));
  return { names: sorted, goal: isLower(sorted[0] ?? "") ? "minimize" : "maximize" };
}

/** The word before each value: `val_loss` of "step 3 val_loss=0.5"; "" where there is none. */
const labels = ({ parts }: PrintedLine): string[] =>
  parts.map((part, i) => (part.value === undefined ? "" : wordBefore(parts[i - 1]?.text ?? "")));

const wordBefore = (text: string): string => /([A-Za-z_]\w*)\s*[:=]?\s*\(?$/.exec(text)?.[1] ?? "";

/** The longest text between two values that is kept word for word. */
const longestText = 60;

function patternOf({ parts }: PrintedLine, names: ReadonlySet<string>): string {
  const left = new Set(names);
  let hasCount = false;
  let out = "";
  for (const [i, part] of parts.entries()) {
    if (part.text !== undefined) {
      const text = i === 0 ? part.text.replace(/^.*[\n\r]|^\s+/s, "") : part.text.replace(/[\n\r].*$/s, "");
      out += escaped(text.length > longestText ? text.slice(-longestText) : text);
      if (/[\n\r]/.test(part.text) && i > 0 && left.size < names.size) break;
      continue;
    }
    const name = wordBefore(parts[i - 1]?.text ?? "");
    if (part.padded) out += "\\s*";
    if (left.delete(name)) out += `(?<${name}>[-+.\\w]+)`;
    else if (!hasCount && counts.test(name)) {
      hasCount = true;
      out += "(?<iters>\\d+)";
    } else out += "\\S+";
    if (left.size === 0) break;
    if (part.percent) out += "%";
    if (part.padded) out += "\\s*";
  }
  return out.replaceAll("\\s*\\s+", "\\s+").replaceAll("\\s+\\s*", "\\s+");
}

const escaped = (text: string): string =>
  text
    .replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    .replaceAll("\\/", "/")
    .replace(/\s+/g, "\\s+");
