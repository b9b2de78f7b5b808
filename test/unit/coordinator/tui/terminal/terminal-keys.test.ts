import assert from "node:assert/strict";
import { test } from "node:test";
import { openTerminal } from "../../../../../coordinator/tui/terminal/terminal.ts";
import type { Key } from "../../../../../coordinator/tui/terminal/terminal-port.ts";
import { fakeTty } from "../../../../support/terminal/fake-tty.ts";

/** The keys that a terminal's bytes are. */
async function keysOf(...bytes: readonly string[]): Promise<Key[]> {
  const { input, output, ports } = fakeTty(80, 24);
  const terminal = openTerminal({ colour: true, unicode: true }, ports);
  const keys: Key[] = [];
  try {
    terminal.onKey((key) => keys.push(key));
    for (const piece of bytes) {
      input.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return keys;
  } finally {
    terminal.restore();
    output.release();
  }
}

const names = async (...bytes: readonly string[]): Promise<string[]> =>
  (await keysOf(...bytes)).map(({ name }) => name);

test("letters, arrows and control keys have their names in every keypad mode", async () => {
  assert.deepEqual(await names("gG?", "\u001b[A\u001bOB", "\u001b[5~", "\u001b[Z", "\u0003", "\u001b[H\u001bOF"), [
    ..."gG?",
    ...["up", "down", "pageup", "S-tab", "C-c", "home", "end"],
  ]);
  assert.deepEqual(await names("\r"), ["enter"]);
  assert.deepEqual(await names("\u001bOq\u001bOs\u001bOM\u001bOo"), ["1", "3", "enter", "/"]);
});

test("pasted text is one piece and no keys; Ctrl-C is a key even in a paste without an end", async () => {
  assert.deepEqual(await keysOf("q\u001b[200~Py\rX\u001b[201~z"), [
    { name: "q", text: "q" },
    { name: "paste", text: "Py X" },
    { name: "z", text: "z" },
  ]);
  assert.deepEqual(await names("\u001b[200~Py", "\u0003", "d"), ["C-c", "d"]);
});

test("a terminal is asked to tell pastes from keys, and told to stop when it is given back", async () => {
  const { output, ports } = fakeTty(80, 24);
  let written = "";
  output.onText = (text) => {
    written += text;
  };
  const terminal = openTerminal({ colour: true, unicode: true }, ports);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(written.includes("\u001b[?2004h"));
  terminal.restore();
  output.release();
});
