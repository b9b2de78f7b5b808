import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { stateOf } from "../../../../shared/machine/process-tree.ts";
import { endReaped } from "../../../../worker/processes/leftovers.ts";
import { atEnd, mustEnd } from "../../../support/cleanup.ts";

/**
 * Python that gives up its command line and its environment, as a process has none while it starts a program:
 * prctl 35, 14 (PR_SET_MM, PR_SET_MM_MAP) with all addresses of its stat, but both ranges empty.
 */
const hide = `
import ctypes, os, struct, time
stat = open("/proc/self/stat").read()
fields = stat[stat.rindex(")") + 2:].split()
field = lambda number: int(fields[number - 3])
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
code, data, arguments, variables = (26, 27), (45, 46), (48, 48), (50, 50)
addresses = [*map(field, (*code, *data, 47)), libc.sbrk(0), *map(field, (28, *arguments, *variables))]
text = struct.pack("11QQII", *addresses, 0, 0, 0xffffffff)
if libc.prctl(35, 14, ctypes.create_string_buffer(text), len(text), 0) != 0:
    raise OSError(ctypes.get_errno(), "prctl")
assert open("/proc/self/cmdline").read() == "", "still has a command line"
assert open("/proc/self/environ").read() == "", "still has an environment"
print(os.getpid(), flush=True)
time.sleep(600)
`;

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const piece of child.stdout ?? []) {
    text += String(piece);
    if (text.includes("\n")) break;
  }
  return text.trim();
}

describe("what a run leaves behind", () => {
  test("what a run leaves behind is ended even if it has neither a command line nor an environment", async () => {
    const shell = spawn("sh", ["-c", 'python3 -c "$0" & wait', hide], { stdio: ["ignore", "pipe", "inherit"] });
    const hidden = Number(await firstLine(shell));
    assert.ok(hidden > 0);
    for (const pid of [shell.pid ?? 0, hidden]) {
      mustEnd(pid);
      atEnd(() => stateOf(pid) !== "" && process.kill(pid, "SIGKILL"));
    }
    assert.equal(endReaped(shell.pid ?? 0), 1);
    await once(shell, "exit");
  });
});
