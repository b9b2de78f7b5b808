import { randomUUID } from "node:crypto";
import { signalExit } from "../../shared/errors.ts";
import { narrow } from "../words/narrow.ts";
import { askOrSay } from "./actions/ask-or-say.ts";
import { detachedText, isLed, unanswered, whatGoesOn } from "./actions/farewell.ts";
import type { AppPorts, KeyContext, Leaving } from "./actions/key-context.ts";
import { isOfMouse, useMouse } from "./actions/mouse.ts";
import { moveHelp, moveInPage } from "./actions/page-keys.ts";
import { answerPrompt } from "./actions/prompt-keys.ts";
import { screenActions } from "./actions/screen-actions.ts";
import { bindingOf, keyInWords } from "./keys.ts";
import { isOfLine } from "./line-editor.ts";
import { controlActions, controlQuestion } from "./orders/control-questions.ts";
import type { OrderQuestion } from "./prompt.ts";
import { frameLines } from "./screens/frame.ts";
import { FrameClock } from "./terminal/frame-clock.ts";
import { rendered } from "./terminal/styled.ts";
import type { Key, Terminal } from "./terminal/terminal-port.ts";
import type { ViewModel } from "./view-model.ts";

/** Ctrl-C twice within this detaches. */
const twiceMs = 2000;

/** The screen's program: keys change the view model, the frame clock has it drawn. */
export class App {
  readonly #model: ViewModel;
  readonly #terminal: Terminal;
  readonly #ports: AppPorts;
  readonly #clock: FrameClock;
  /** Resolves when the person has left. */
  readonly left: Promise<Leaving>;
  leave: (leaving: Leaving) => void = () => undefined;
  #working: NodeJS.Immediate | undefined;
  #leaveWork: () => void = () => undefined;
  #interruptedAt = Number.NEGATIVE_INFINITY;

  constructor(model: ViewModel, terminal: Terminal, ports: AppPorts) {
    this.#model = model;
    this.#terminal = terminal;
    this.#ports = ports;
    this.left = new Promise((resolve) => {
      this.leave = resolve;
    });
    this.#clock = new FrameClock({
      draw: () => this.#draw(),
      isDrained: () => terminal.isDrained,
      now: ports.now,
      onRate: (rate) => {
        model.slowFrames = rate;
      },
    });
  }

  /** Handles the terminal's keys and draws, until `stop`. */
  start(): void {
    this.#terminal.onKey((key) => this.press(key));
    this.#terminal.onRedraw(() => this.#draw());
    this.#leaveWork = this.#model.search.sideWork.takenBy(() => this.#workOn());
    this.#clock.start();
  }

  stop(): void {
    this.#clock.stop();
    this.#leaveWork();
    clearImmediate(this.#working);
  }

  /** Takes one step of the side work at a time, so that keys are handled between them. */
  #workOn(): void {
    const { sideWork } = this.#model.search;
    this.#working ??= setImmediate(() => {
      this.#working = undefined;
      if (sideWork.step()) this.#clock.change();
      if (sideWork.isOpen) this.#workOn();
    });
  }

  /** There is something new to draw. */
  changed(): void {
    this.#clock.change();
  }

  press(key: Key): void {
    const behindEscape = /^M-(.|enter|tab|backspace|C-.)$/u.exec(key.name)?.[1];
    // Only lines of text know Alt.
    if (behindEscape !== undefined && !(this.#model.prompt?.kind === "filter" && isOfLine(key.name))) {
      // These were two keys, pressed quickly.
      this.press({ name: "escape", text: "" });
      this.press({ name: behindEscape, text: behindEscape.length === 1 ? behindEscape : "" });
      return;
    }
    const context = this.#context();
    if (key.name === "C-c") this.#interrupt(context);
    else if (isOfMouse(key)) useMouse(context, key, (name) => this.press({ name, text: "" }));
    else if (this.#model.prompt) answerPrompt(context, this.#model.prompt, key);
    else this.#act(context, key);
    this.#clock.key();
  }

  #context(): KeyContext {
    const { search, options } = this.#model;
    const now = this.#ports.now();
    return {
      model: this.#model,
      terminal: this.#terminal,
      ports: this.#ports,
      now,
      say: (text) => this.#model.say(text, now),
      askToQuit: () => {
        const canOrder = !options.isReadonly && search.table?.isOver === false && isLed(search);
        const goesOn = whatGoesOn(search, options.workspace);
        this.#model.prompt = { kind: "quit", canOrder, goesOn, name: search.job ?? "" };
      },
      leave: this.leave,
      carryOut: (question) => void this.#carryOut(question),
      detachedText: detachedText(search, options),
    };
  }

  #draw(): number {
    const { columns, rows, look } = this.#terminal;
    const began = this.#ports.cpu();
    const lines = frameLines(this.#model, columns, rows, this.#ports.now());
    this.#terminal.draw(lines.map((line) => rendered(line, look)));
    return this.#ports.cpu() - began;
  }

  #interrupt({ now, leave, askToQuit, detachedText }: KeyContext): void {
    if (now - this.#interruptedAt < twiceMs) leave({ exitCode: signalExit.SIGINT, message: detachedText });
    this.#interruptedAt = now;
    askToQuit();
  }

  #act(context: KeyContext, key: Key): void {
    const model = this.#model;
    const binding = bindingOf(key.name);
    if (key.name === "paste") {
      context.say("pasted text does nothing here; to paste a filter, press / first");
      return;
    }
    if (!binding) {
      context.say(
        `${key.text === "" ? keyInWords(key.name) : `"${narrow(key.text)}"`} does nothing here; ? shows the keys`,
      );
      return;
    }
    model.unsay();
    const { action } = binding;
    if (controlActions.includes(action)) {
      askOrSay(context, controlQuestion(model, action));
      return;
    }
    if (model.isHelpOpen && moveHelp(context, action)) return;
    if (model.page && moveInPage(context, binding)) return;
    screenActions[action]?.(context, key);
  }

  async #carryOut({ order, effect, leaves, command }: OrderQuestion): Promise<void> {
    const say = (text: string): void => this.#model.say(text, this.#ports.now());
    say(`sending: ${command}`);
    try {
      const { ok, reason } = await this.#ports.send({ ...order, op: randomUUID() });
      if (!ok) say(`refused: ${reason}`);
      else if (leaves) this.leave({ exitCode: 0, message: `done: ${effect}` });
      else say(`done: ${effect}`);
    } catch (error) {
      say(unanswered(error, this.#model.options.flags));
    }
    this.#clock.change();
  }
}
