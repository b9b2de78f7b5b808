/**
 * A program under test that is killed, as by a power cut, or sent another signal, just before it opens or renames a certain file.
 * This file is preloaded into it (`NODE_OPTIONS`).
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

type Call = "openSync" | "renameSync";

/** Variables for the program. @param nth  of its calls that name such a file, the first being 1 */
export const killedAt = (call: Call, path: RegExp, nth = 1, signal: NodeJS.Signals = "SIGKILL"): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${import.meta.url}`,
  KILLED_AT: JSON.stringify([call, path.source, nth, signal]),
});

const given = process.env["KILLED_AT"];
if (given !== undefined) {
  const [call, source, nth, signal] = JSON.parse(given) as [Call, string, number, NodeJS.Signals];
  const path = new RegExp(source);
  const original = fs[call] as (...words: unknown[]) => unknown;
  let seen = 0;
  const deadly = (...words: unknown[]): unknown => {
    if (path.test(String(words[0]))) seen += 1;
    if (seen === nth) process.kill(process.pid, signal);
    return original(...words);
  };
  Object.assign(fs, { [call]: deadly });
  syncBuiltinESMExports();
}
