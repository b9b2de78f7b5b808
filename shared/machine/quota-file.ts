import { isQuotaName, type QuotaLimits, type QuotaTexts, quotaProblem, quotasWith } from "../domain/quotas.ts";
import { messageOf, UsageError } from "../errors.ts";
import { readIfThere, writeJsonFile } from "./secret-file.ts";
import type { WorkspacePaths } from "./workspace.ts";

/**
 * The workspace's quotas on this machine. People may edit the file; the coordinator reads it every few seconds.
 *
 * @throws UsageError if the file holds no JSON object, so that nobody takes it for one without quotas
 */
export function readQuotaFile({ quotas }: Pick<WorkspacePaths, "quotas">): {
  readonly texts: QuotaTexts;
  readonly problems: readonly string[];
} {
  const texts: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(fieldsIn(quotas))) {
    const text = String(value);
    const problem = quotaProblem(name, text);
    if (problem === undefined) texts[name] = text;
    else problems.push(`${quotas}: ${problem}`);
  }
  return { texts, problems };
}

function fieldsIn(file: string): Readonly<Record<string, unknown>> {
  const text = readIfThere(file);
  if (text === undefined) return {};
  let found = "something else";
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    found = `no JSON (${messageOf(error)})`;
  }
  throw new UsageError(
    `${file}: expected a JSON object such as {"runs": "256", "evidence": "80%"}, found ${found}\n` +
      "  correct it, or delete it to go back to the usual quotas",
  );
}

/** Reads the file anew at each call. While it cannot be read, what it last said holds. Each problem is told once. */
export function quotaReader(
  paths: Pick<WorkspacePaths, "quotas">,
  onProblem: (problem: string) => void,
): () => QuotaLimits {
  const told = new Set<string>();
  let read: ReturnType<typeof readQuotaFile> = { texts: {}, problems: [] };
  return () => {
    try {
      read = readQuotaFile(paths);
    } catch (error) {
      const why = error instanceof UsageError ? error.message : `${paths.quotas} cannot be read: ${messageOf(error)}`;
      read = { ...read, problems: [why] };
    }
    for (const problem of read.problems.filter((each) => !told.has(each))) {
      told.add(problem);
      onProblem(problem);
    }
    return quotasWith(read.texts);
  };
}

/**
 * Carries out `--quota NAME=VALUE`, and `NAME=usual`.
 *
 * @throws UsageError for a wrong name or value, or if the file holds no quotas to change; then nothing is changed
 */
export function setQuotas(paths: Pick<WorkspacePaths, "quotas">, typed: readonly string[]): void {
  if (typed.length === 0) return;
  const texts: Record<string, string> = { ...readQuotaFile(paths).texts };
  for (const word of typed) {
    const at = word.indexOf("=");
    const [name, text] = at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
    const isUsual = text === "usual" && isQuotaName(name);
    const problem = isUsual ? undefined : quotaProblem(name, text);
    if (problem !== undefined) throw new UsageError(`--quota ${word}: ${problem}`);
    if (isUsual) delete texts[name];
    else texts[name] = text;
  }
  writeJsonFile(paths.quotas, texts, 2);
}
