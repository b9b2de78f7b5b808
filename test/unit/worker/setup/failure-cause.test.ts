import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { causeIn } from "../../../../worker/setup/failure-cause.ts";

describe("why a setup failed", () => {
  const retrying = (why: string): string =>
    `WARNING: Retrying (Retry(total=0)) after connection broken by ${why}: /simple/six/`;
  const nothing = "ERROR: No matching distribution found for six==1.17.0";

  for (const [what, lines, cause] of [
    ["nothing was printed", ["$ make"], ""],
    ["the last line, without an error", ["$ a", "error: of another command", "$ make", "one", "two"], "two"],
    ["the error before a hint", ["$ x", "error: no such file", "hint: look again"], "error: no such file"],
    [
      "pip, whose proxy refuses",
      ["$ pip", retrying("'ProxyError(NewConnectionError('<a>: [Errno 111] Connection refused'))'"), nothing],
      `${nothing}; the package index was not reached: Connection refused`,
    ],
    [
      "pip, without a network",
      ["$ pip", retrying("'NewConnectionError('<a>: [Errno -3] Temporary failure in name resolution')'"), nothing],
      `${nothing}; the package index was not reached: Temporary failure in name resolution`,
    ],
    [
      "pip, whose mirror is not trusted",
      [
        "$ pip",
        retrying("'SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: x (_ssl.c:1)')'"),
        nothing,
      ],
      `${nothing}; the package index was not reached: certificate verify failed: x`,
    ],
    [
      "uv, whose proxy refuses",
      [
        "$ pip",
        "error: Request failed after 3 retries in 7.9s",
        "  cause: tcp connect error",
        "  cause: Connection refused",
      ],
      "error: Request failed after 3 retries in 7.9s; cause: Connection refused",
    ],
  ] as const)
    test(`the cause of a failed setup is found in its output: ${what}`, () => assert.equal(causeIn(lines), cause));
});
