import assert from "node:assert/strict";
import { test } from "node:test";
import { UnreachableError, UsageError } from "../../../../shared/errors.ts";
import { orSayFolder } from "../../../../worker/joining/claim-state.ts";

const failing = (error: Error) => (): never => {
  throw error;
};
const ofSystem = (code: string): Error => Object.assign(new Error(`${code}: it failed`), { code });

test("an error in a worker's folder names the folder; one that a person made elsewhere stays as it is", () => {
  assert.equal(
    orSayFolder("/state", () => 7),
    7,
  );
  const typed = new UsageError("NEXUS_LOG=verbose: expected debug, info, warn or error");
  assert.throws(() => orSayFolder("/state", failing(typed)), typed);
  assert.throws(
    () => orSayFolder("/state", failing(ofSystem("EACCES"))),
    (error) => error instanceof UsageError && /cannot use \/state.*XDG_STATE_HOME/s.test(error.message),
  );
  assert.throws(
    () => orSayFolder("/state", failing(ofSystem("ENOSPC"))),
    (error) => error instanceof UnreachableError && /disk of \/state is full/.test(error.message),
  );
});
