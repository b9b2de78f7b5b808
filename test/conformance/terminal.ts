import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openTerminal } from "../../coordinator/tui/terminal/terminal.ts";
import type { Key, Terminal } from "../../coordinator/tui/terminal/terminal-port.ts";
import { eventually } from "../support/patience.ts";
import { FakeTerminal } from "../support/terminal/fake-terminal.ts";
import { PseudoTerminal } from "../support/terminal/pseudo-terminal.ts";

/** A terminal of 80 columns and 24 rows, and the person in front of it. */
interface TerminalRig {
  readonly terminal: Terminal;
  /** The program's lines, as the person sees them. */
  screen(): readonly string[];
  clipboard(): readonly string[];
  isMouseOn(): boolean;
  /** Whether the shell has the terminal back as it was. */
  isGivenBack(): boolean;
  press(name: string): void;
  click(at: { readonly x: number; readonly y: number }): void;
  resize(columns: number, rows: number): void;
  /** Whether the terminal takes what is written to it. */
  setReading(reads: boolean): void;
  /** Closes the window. */
  hangUp(): void;
  /** Resolves when all that was written to the terminal has arrived there. */
  settled(): Promise<unknown>;
  end(): void;
}

export interface TerminalImplementation {
  readonly name: string;
  readonly open: () => Promise<TerminalRig>;
}

/** The bytes that keys send. */
const bytesOf: Readonly<Record<string, string>> = {
  ...{ up: "\u001b[A", pageup: "\u001b[5~", enter: "\r", tab: "\t", backspace: "\u007f" },
  ...{ "C-a": "\u0001", "S-tab": "\u001b[Z", f1: "\u001bOP" },
};

export const terminalImplementations: readonly TerminalImplementation[] = [
  { name: "escapes", open: openReal },
  {
    name: "the double",
    open: async () => {
      const terminal = new FakeTerminal(80, 24);
      const isGivenBack = (): boolean => terminal.isSuspended || terminal.isRestored;
      return {
        terminal,
        isGivenBack,
        screen: () => (isGivenBack() ? [] : terminal.lines),
        clipboard: () => terminal.copied,
        isMouseOn: () => terminal.isMouseOn && !isGivenBack(),
        press: (name) => terminal.press(name),
        click: (at) => terminal.point("click", at),
        resize: (columns, rows) => terminal.resize(columns, rows),
        setReading: (reads) => {
          terminal.isDrained = reads;
        },
        hangUp: () => terminal.hangUp(),
        settled: async () => undefined,
        end: () => undefined,
      };
    },
  },
];

async function openReal(): Promise<TerminalRig> {
  const pty = await PseudoTerminal.open(80, 24);
  const terminal = openTerminal({ colour: false, unicode: true }, pty.ports);
  const { modes, copied } = pty.shown;
  const isOwned = (): boolean => modes.has("1049") && modes.has("2004") && !modes.has("7") && !modes.has("25");
  await eventually("the program has the screen", isOwned);
  return {
    terminal,
    screen: () => (modes.has("1049") ? pty.shown.lines() : []),
    clipboard: () => copied,
    isMouseOn: () => modes.has("1000"),
    isGivenBack: () =>
      !["1049", "2004", "1000"].some((mode) => modes.has(mode)) && modes.has("7") && modes.has("25") && pty.isAtRest(),
    press: (name) => pty.type(bytesOf[name] ?? name),
    click: ({ x, y }) => pty.type(`\u001b[<0;${x + 1};${y + 1}M\u001b[<0;${x + 1};${y + 1}m`),
    resize: (columns, rows) => pty.resize(columns, rows),
    setReading: (reads) => pty.setReading(reads),
    hangUp: () => pty.hangUp(),
    settled: () => pty.settled(),
    end: () => {
      terminal.restore();
      pty.close();
    },
  };
}

const lines = (word: string): string[] => Array.from({ length: 24 }, (_, row) => `${word} ${row}`);

export function terminalSuite({ name, open }: TerminalImplementation): void {
  const check = (title: string, body: (rig: TerminalRig) => Promise<void>): void => {
    test(title, async () => {
      const rig = await open();
      try {
        await body(rig);
      } finally {
        rig.end();
      }
    });
  };
  const shows = (rig: TerminalRig, ...wanted: readonly string[]): Promise<unknown> =>
    eventually(`it shows ${wanted.join(", ")}`, () => wanted.every((line, row) => (rig.screen()[row] ?? "") === line), {
      seen: () => rig.screen().join("\n"),
    });
  const givesBack = (rig: TerminalRig): Promise<unknown> =>
    eventually("the terminal is given back", () => rig.isGivenBack() && rig.screen().join("") === "");
  /** Keys that are heard from now on. */
  const keysOf = ({ terminal }: TerminalRig): Key[] => {
    const keys: Key[] = [];
    terminal.onKey((key) => keys.push(key));
    return keys;
  };

  describe(`the terminal of ${name}`, { concurrency: 4 }, () => {
    check("a frame is shown, and the next one in its place", async (rig) => {
      rig.terminal.draw(["one", "two", "three"]);
      await shows(rig, "one", "two", "three");
      rig.terminal.draw(["one", "2"]);
      await shows(rig, "one", "2", "");
    });

    check("what is on the screen already is not sent again, unless it is to be repainted", async (rig) => {
      const { terminal } = rig;
      const sent = (draw: () => void): number => {
        const before = terminal.written;
        draw();
        return terminal.written - before;
      };
      const whole = sent(() => terminal.draw(lines("line")));
      assert.ok(whole > 0);
      assert.equal(
        sent(() => terminal.draw(lines("line"))),
        0,
      );
      const one = sent(() => terminal.draw(lines("line").with(3, "another")));
      assert.ok(one > 0 && one < whole / 2, `${one} of ${whole}`);
      terminal.repaint();
      assert.ok(sent(() => terminal.draw(lines("line"))) >= whole);
      await shows(rig, ...lines("line"));
    });

    check("keys come by name with what they type, and clicks with their place", async (rig) => {
      const keys = keysOf(rig);
      const names = ["a", "G", "é", "up", "pageup", "enter", "tab", "S-tab", "backspace", "C-a", "f1"];
      for (const each of names) rig.press(each);
      await eventually("all keys are heard", () => keys.length >= names.length);
      assert.deepEqual(
        keys.map((key) => [key.name, key.text]),
        names.map((each) => [each, each.length === 1 ? each : ""]),
      );
      rig.terminal.setMouse(true);
      await eventually("the mouse is heard", () => rig.isMouseOn());
      rig.click({ x: 12, y: 7 });
      await eventually("a click is heard", () => keys.length > names.length);
      assert.deepEqual(keys.slice(names.length), [{ name: "click", text: "", at: { x: 12, y: 7 } }]);
      rig.terminal.setMouse(false);
      await eventually("the mouse is let go", () => !rig.isMouseOn());
    });

    check("a new size asks for a frame, which is sent whole", async (rig) => {
      const { terminal } = rig;
      terminal.draw(lines("before"));
      let asked = 0;
      terminal.onRedraw(() => {
        asked += 1;
      });
      assert.deepEqual([terminal.columns, terminal.rows], [80, 24]);
      rig.resize(60, 20);
      await eventually("a frame is wanted", () => asked > 0);
      assert.deepEqual([terminal.columns, terminal.rows], [60, 20]);
      const { written } = terminal;
      terminal.draw(lines("before"));
      assert.ok(terminal.written > written);
    });

    check("text is put into the clipboard", async (rig) => {
      rig.terminal.copy("run7.1 0.5 é");
      await eventually("it is there", () => rig.clipboard().length > 0);
      assert.deepEqual(rig.clipboard(), ["run7.1 0.5 é"]);
    });

    check("suspended, the terminal is the shell's; afterwards a whole frame is asked for", async (rig) => {
      const { terminal } = rig;
      const keys = keysOf(rig);
      let asked = 0;
      terminal.onRedraw(() => {
        asked += 1;
        terminal.draw(lines("again"));
      });
      terminal.setMouse(true);
      terminal.draw(lines("before"));
      await shows(rig, ...lines("before"));
      terminal.suspend();
      await givesBack(rig);
      terminal.suspend();
      terminal.draw(lines("meanwhile"));
      terminal.copy("meanwhile");
      await rig.settled();
      assert.ok(rig.isGivenBack());
      assert.equal(asked, 0);
      terminal.resume();
      assert.equal(asked, 1);
      await shows(rig, ...lines("again"));
      await eventually("the mouse is heard again", () => rig.isMouseOn());
      assert.deepEqual(rig.clipboard(), []);
      rig.press("x");
      await eventually("keys are heard again", () => keys.length > 0);
      assert.deepEqual(keys, [{ name: "x", text: "x" }]);
    });

    check("after a stop that was not announced everything is drawn again, too", async (rig) => {
      let asked = 0;
      rig.terminal.onRedraw(() => {
        asked += 1;
      });
      rig.terminal.draw(lines("line"));
      rig.terminal.resume();
      assert.equal(asked, 1);
      const { written } = rig.terminal;
      rig.terminal.draw(lines("line"));
      assert.ok(rig.terminal.written > written);
      await shows(rig, ...lines("line"));
    });

    check("given back for good, it takes nothing more", async (rig) => {
      const { terminal } = rig;
      const keys = keysOf(rig);
      let asked = 0;
      terminal.onRedraw(() => {
        asked += 1;
      });
      terminal.draw(lines("line"));
      terminal.restore();
      await givesBack(rig);
      terminal.restore();
      terminal.repaint();
      terminal.draw(lines("late"));
      terminal.copy("late");
      terminal.setMouse(true);
      terminal.suspend();
      terminal.resume();
      rig.press("x");
      await rig.settled();
      assert.ok(rig.isGivenBack());
      assert.deepEqual([keys, asked, rig.clipboard()], [[], 0, []]);
    });

    check("while a frame has not left it is not drained", async (rig) => {
      const { terminal } = rig;
      await eventually("it is drained", () => terminal.isDrained);
      rig.setReading(false);
      let frames = 0;
      await eventually("a frame stays", () => {
        frames += 1;
        if (terminal.isDrained) terminal.draw(lines(`frame ${frames}, much of which is new`));
        return !terminal.isDrained;
      });
      rig.setReading(true);
      await eventually("it is drained again", () => terminal.isDrained);
    });

    check("when its window is closed, that is said", async (rig) => {
      let gone = 0;
      rig.terminal.onGone(() => {
        gone += 1;
      });
      rig.hangUp();
      await eventually("it is gone", () => gone > 0);
    });
  });
}
