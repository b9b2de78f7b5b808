import { isQuotaName, type QuotaTexts, quotaProblem } from "../domain/quotas.ts";
import { UsageError } from "../errors.ts";
import { readJsonFields, writeJsonFile } from "./secret-file.ts";
import type { WorkspacePaths } from "./workspace.ts";

/** The workspace's quotas on this machine. People may edit the file; the coordinator looks at it every few seconds. */
export function readQuotaFile({ quotas }: Pick<WorkspacePaths, "quotas">): {
  readonly texts: QuotaTexts;
  readonly problems: readonly string[];
} {
  const texts: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(readJsonFields(quotas))) {
    const text = String(value);
    const problem = quotaProblem(name, text);
    if (problem === undefined) texts[name] = text;
    else problems.push(`${quotas}: ${problem}`);
  }
  return { texts, problems };
}

/**
 * Carries out `--quota NAME=VALUE`, and `NAME=usual`.
 *
 * @throws UsageError, with nothing changed
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
