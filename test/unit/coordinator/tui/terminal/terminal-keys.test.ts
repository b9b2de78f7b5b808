import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openTerminal } from "../../../../../coordinator/tui/terminal/terminal.ts";
import { KeyReader } from "../../../../../coordinator/tui/terminal/terminal-keys.ts";
import type { Key } from "../../../../../coordinator/tui/terminal/terminal-port.ts";
import { eventually } from "../../../../support/patience.ts";
import { fakeTty } from "../../../../support/terminal/fake-tty.ts";

/** The keys that these bytes of a terminal stand for. */
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

test("keys of line editing and of other terminals have their names; unknown sequences are no keys", async () => {
  assert.deepEqual(
    await names("\u001bb\u001bf\u001b\u007f", "\u001b[1;5C\u001b[1;3D\u001bOd", "\u001b[3~\u001b[1~\u001b[4~"),
    [...["M-b", "M-f", "M-backspace", "C-right", "M-left", "C-left", "delete", "home", "end"]],
  );
  assert.deepEqual(await names("\u001b[[A\u001b[11~\u001bOP\u001b[17;2~"), ["f1", "f1", "f1", "S-f6"]);
  // Unasked reports of terminals and unknown sequences are no keys.
  assert.deepEqual(await names("\u001b[I\u001b[?62;4c\u001b]11;rgb:0000/0000/0000\u0007\u001b[97;5ux"), ["x"]);
  assert.deepEqual(await names("é実🚀\u0000\u001f"), ["é", "実", "🚀", "C-space", "C-_"]);
});

test("an escape by itself is the Esc key, although a sequence may have begun", async () => {
  const keys: string[] = [];
  const reader = new KeyReader(({ name }) => keys.push(name));
  const until = (count: number): Promise<boolean> => eventually(`${count} keys`, () => keys.length >= count);
  reader.read("\u001b");
  assert.deepEqual(keys, []);
  await until(1);
  reader.read("\u001bO");
  await until(3);
  reader.read("\u001b\u001b");
  await until(5);
  assert.deepEqual(keys, ["escape", "escape", "O", "escape", "escape"]);
});

test("clicks and turns of the wheel say where; releases, movements and other buttons are no keys", async () => {
  const at = (x: number, y: number) => ({ text: "", at: { x, y } });
  assert.deepEqual(
    await keysOf(
      "\u001b[<0;300;2M\u001b[<0;300;2m\u001b[<64;5;6M",
      "\u001b[<65;1;1M\u001b[<2;1;1M\u001b[<35;9;9M\u001b[M !!",
    ),
    [
      { name: "click", ...at(299, 1) },
      { name: "wheelup", ...at(4, 5) },
      { name: "wheeldown", ...at(0, 0) },
      { name: "click", ...at(0, 0) },
    ],
  );
});

test("a terminal's bytes are the same keys wherever they are cut", () => {
  const sequences = [
    "a",
    "é",
    "🚀",
    "\u001b[A",
    "\u001bOB",
    "\u001b[1;5C",
    "\u001b[<0;3;4M",
    "\u001bb",
    "\r",
    "\u001b[200~Py x\u001b[201~",
    "\u0003",
  ];
  const read = (pieces: readonly string[]): Key[] => {
    const keys: Key[] = [];
    const reader = new KeyReader((key) => keys.push(key));
    for (const piece of pieces) reader.read(piece);
    reader.stop();
    return keys;
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...sequences)), fc.array(fc.nat(80)), (typed, cuts) => {
      // A decoder hands on whole characters, so cuts fall between them.
      const characters = Array.from(typed.join(""));
      const ends = [...new Set([0, ...cuts.filter((cut) => cut < characters.length), characters.length])].sort(
        (a, b) => a - b,
      );
      const pieces = ends.slice(1).map((end, i) => characters.slice(ends[i], end).join(""));
      assert.deepEqual(read(pieces), read([typed.join("")]));
    }),
  );
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
