import { pathProblem } from "../../shared/wire/artifacts.ts";
import * as check from "../../shared/wire/check.ts";
import { mostFileBytes, mostHeldBytes, mostStateFiles } from "../../shared/wire/checkpoints.ts";
import { decode } from "../../shared/wire/codec.ts";
import { fromRun } from "../../shared/wire/evidence.ts";
import { evidenceLimits } from "../../shared/wire/limits.ts";
import type { MessageLimits } from "../../shared/wire/reader.ts";
import type { FromRunner } from "../runner/protocol.ts";

/**
 * What a runner says to its worker. The runner is a program of ours, but the modules of a job run in it and could write to the
 * same pipe, so it must say only what a coordinator will accept of the run.
 */

/** Longest message in bytes. A state above its own limit must not end the run: it is refused later, with a warning. */
export const mostRunnerBytes = 2 * mostHeldBytes;
const { result } = evidenceLimits;
const limits: MessageLimits = {
  ...result,
  bytes: mostRunnerBytes,
  values: result.values + 8 * mostStateFiles,
  mappings: result.mappings + mostStateFiles,
  texts: result.texts + mostStateFiles,
};

const { reports, lines, console, reason, hpmax, iters, metrics, titles } = fromRun;
const id = check.whole(1);
const told = { id, type: check.oneOf("reports", "checkpoint", "done", "failed", "stopped"), reports, lines };
const path: check.Check<string> = (value, at) => {
  const found = check.text(200)(value, at);
  const problem = pathProblem(found);
  if (problem !== undefined) throw new check.BadMessage(`${at}: ${problem}`);
  return found;
};
const file = check.shape({ isOwn: check.flag, path, size: check.whole(0, mostFileBytes) });
const state = check.shape({
  stage: check.whole(1),
  iters,
  bytes: check.bytes,
  files: check.optional(check.list(file, mostStateFiles), []),
  problem: check.optional(check.text(2000), ""),
  isUnread: check.optional(check.flag, false),
});
const shapes = {
  reports: check.shape(told),
  checkpoint: check.shape({ ...told, state }),
  done: check.shape({ ...told, hpmax, iters, metrics, titles, console }),
  failed: check.shape({ ...told, reason, console, isOfMachine: check.optional(check.flag, false) }),
  stopped: check.shape({ id, type: check.oneOf("stopped") }),
} satisfies Record<FromRunner["type"], check.Check<unknown>>;

/** @throws BadMessage that names the place and quotes nothing of the message */
export function readFromRunner(bytes: Uint8Array): FromRunner {
  const message = check.mapping(decode(bytes, limits), "");
  const type = told.type(message["type"], "message.type");
  return check.checked<unknown>(shapes[type], message) as FromRunner; // checked by the shape of that type
}
