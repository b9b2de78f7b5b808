import { explain, signalExit } from "../../../shared/errors.ts";
import type { ScreenLog } from "./screen-log.ts";
import type { Terminal } from "./terminal-port.ts";

/** If the system has not stopped the process by then, it will not. */
const stoppingMs = 100;
/** How long closing the connections may take after a signal. */
const closingMs = 3000;

export interface LifecycleOptions {
  /** Records a crash; its file is named in the message. */
  readonly log: ScreenLog;
  /** Takes what is printed with console.log and the like while the screen is on. */
  readonly onConsole: (text: string) => void;
  /** A signal has ended the screen. The terminal is already restored. */
  readonly onSignal: (exitCode: number) => void;
}

/**
 * Restores the terminal around suspensions and whenever the process ends, except by SIGKILL. Returns what ends this.
 *
 * After a crash the terminal is restored before the error is printed: a message on the alternate screen would be lost.
 */
export function guardTerminal(terminal: Terminal, { log, onConsole, onSignal }: LifecycleOptions): () => void {
  const undo: (() => void)[] = [];
  const on = (event: string, listener: (...args: never[]) => void): void => {
    process.on(event, listener as (...args: unknown[]) => void);
    undo.push(() => process.off(event, listener as (...args: unknown[]) => void));
  };
  const release = (): void => {
    terminal.restore();
    for (const step of undo.splice(0)) step();
  };
  const crash = (error: unknown): void => {
    release();
    const { text } = explain(error, "nexus-coord");
    log.write(text);
    process.stderr.write(`${text}\n  the screen has ended, the search goes on; log: ${log.file}\n`);
    process.exit(1);
  };
  on("uncaughtException", crash);
  on("unhandledRejection", crash);
  on("exit", () => terminal.restore());
  const end = (exitCode: number): void => {
    release();
    // In case a connection does not close in time.
    setTimeout(() => process.exit(exitCode), closingMs).unref();
    onSignal(exitCode);
  };
  for (const [signal, exitCode] of Object.entries(signalExit)) on(signal, () => end(exitCode));
  terminal.onGone(() => end(signalExit.SIGHUP));
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let isListening = true;
  // Only if it is not listening: re-registering would lose a signal on its way.
  const listenForStops = (): void => {
    if (!isListening) process.on("SIGTSTP", stop);
    isListening = true;
  };
  const goOn = (): void => {
    isStopping = false;
    // Before anything is drawn: as soon as the screen is back, it may be suspended again.
    listenForStops();
    terminal.resume();
  };
  const stop = (): void => {
    isStopping = true;
    terminal.suspend();
    // With the default action: if no shell could continue us, the system does not stop us, and the screen comes back.
    process.off("SIGTSTP", stop);
    isListening = false;
    process.kill(process.pid, "SIGTSTP");
    // The timer of an earlier stop must not mistake this one for a stop that did not happen.
    clearTimeout(timer);
    timer = setTimeout(() => {
      listenForStops();
      if (isStopping) goOn();
    }, stoppingMs);
  };
  undo.push(() => clearTimeout(timer));
  on("SIGTSTP", stop);
  on("SIGCONT", goOn);
  undo.push(routeConsole(onConsole));
  return release;
}

/** Text printed into the alternate screen would tear it, so it becomes an event. */
function routeConsole(onConsole: (text: string) => void): () => void {
  const names = ["log", "info", "warn", "error", "debug", "trace"] as const;
  const kept = new Map(names.map((name) => [name, console[name]]));
  for (const name of names) console[name] = (...parts: unknown[]) => onConsole(parts.map(String).join(" "));
  // Node prints its own warnings to the terminal, past every stream.
  const warnings = process.listeners("warning");
  process.removeAllListeners("warning");
  const onWarning = (warning: Error): void => onConsole(`${warning.name}: ${warning.message}`);
  process.on("warning", onWarning);
  return () => {
    for (const [name, method] of kept) console[name] = method;
    process.off("warning", onWarning);
    for (const listener of warnings) process.on("warning", listener);
  };
}
