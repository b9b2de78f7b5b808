import assert from "node:assert/strict";
import { test } from "node:test";
import { almostReport } from "../../../../shared/domain/almost-report.ts";

test("a printed line that looks like a report and is none is told from reports and from other lines", () => {
  for (const half of ['{"iters": 2, "lo', '{"loss": 0.5,', ' {"a":'])
    assert.match(almostReport(half), /^cut off before the closing brace/);
  for (const dict of ["{'loss': 0.5}", "{'loss': 0.5, 'acc': nan", "  { 'val/loss' : tensor(0.3)}"])
    assert.match(almostReport(dict), /^in Python's notation of a dict; print\(json\.dumps/);
  for (const other of ["", "{", "{}", "{loss}", "loss: {'a': 1}", '{"loss": 0.5}', '{"loss": 0.5, "m": {}}', "[1, 2]"])
    assert.equal(almostReport(other), "", other);
});
