import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { eventually } from "../support/patience.ts";
import { Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();
/** The colours in the written bytes: `1;36` of `ESC[1;36m`. */
const coloursIn = (bytes: string): Set<string> =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every colour begins with an escape.
  new Set([...bytes.matchAll(/\u001b\[([0-9;]*)m/g)].map(([, colour = ""]) => colour));

const many = ["xterm-256color", "screen-256color", "tmux-256color", "xterm-kitty", "foot"];
const few = ["xterm", "screen", "linux", "rxvt", "a-terminal-nobody-knows"];

before(() => search.start());

/** The bytes that the screen wrote in that environment, and the text that it left on the terminal. */
async function shownUnder(environment: Readonly<Record<string, string>>): Promise<{ bytes: string; left: string }> {
  const pane = tmux.open([120, 40], `read go; ${search.script()}`, { LANG: "C.UTF-8", ...environment });
  const written = pane.record();
  pane.press("Enter");
  await pane.shows(/▶ Standings[\s\S]*help/);
  // Neighbourhood and Events have text that is dimmed.
  await pane.answers(["5"], /▶ Neighbourhood/);
  // Events fills the screen from the fourth line on.
  await pane.answers(["6"], /^(?:[^\n]*\n){3}. Events \d/);
  await pane.shows(/^job1 +maze +RUNNING/);
  pane.press("q");
  await pane.shows(/\[d\] detach/);
  pane.press("d");
  const left = await pane.shows(/exit=0[\s\S]*is what is left/);
  // What tmux shows may still be on its way to the record.
  const bytes = await eventually("all is recorded", () => {
    const found = written();
    return found.includes("is what is left") && found;
  });
  return { bytes, left };
}

describe("the screen's colours", () => {
  for (const term of [...many, ...few]) {
    test(`the screen can be read under TERM=${term}`, async () => {
      const { bytes, left } = await shownUnder({ TERM: term });
      const colours = coloursIn(bytes);
      for (const colour of colours) {
        assert.doesNotMatch(colour, /(^|;)(30|90|2|8)$/, `dark text, which black hides: ESC[${colour}m`);
        assert.doesNotMatch(colour, /(^|;)(37|9[1-7])$/, `bright text, which white hides: ESC[${colour}m`);
        assert.doesNotMatch(colour, /(^|;)(4[0-8]|10[0-7])($|;)/, `a background of its own: ESC[${colour}m`);
      }
      assert.equal(colours.has("38;5;244"), many.includes(term), [...colours].join(" "));
      assert.ok(colours.has("1;36") || colours.has("36"), [...colours].join(" "));
      assert.match(left, /^\n?job1 goes on .*\n {2}to see it again: .*\nexit=0\nicanon echo is what is left\n*$/);
    });
  }

  test("the screen has no colours under NO_COLOR, and none on a terminal that has none", async () => {
    for (const environment of [{ TERM: "xterm-256color", NO_COLOR: "1" }, { TERM: "vt220" }]) {
      const { bytes } = await shownUnder(environment);
      for (const colour of coloursIn(bytes)) assert.match(colour, /^(|0|1|7)(;[017])*$/, `ESC[${colour}m`);
    }
  });
});
