import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./component-defaults.ts";

/** The program's own version, from its package.json. */
export function programVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "unknown";
}
