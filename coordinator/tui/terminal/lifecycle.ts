import { explain } from "../../../shared/errors.ts";
import type { ScreenLog } from "./screen-log.ts";
import type { Terminal } from "./terminal-port.ts";

/** What a process ends with when a signal ends it. */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;
/** A stop that has not come by then does not come. */
const stoppingMs = 100;
/** Whoever closes connections after a signal has so long. */
const closingMs = 3000;

export interface LifecycleOptions {
  /** Takes a crash, and is named to whoever sees one. */
  readonly log: ScreenLog;
  /** What someone printed with console.log and the like while the screen is on. */
  readonly onConsole: (text: string) => void;
  /** A signal has ended the screen; the terminal is restored already. */
  readonly onSignal: (exitCode: number) => void;
}

/**
 * Gives the terminal back in every way to die but SIGKILL, and around stops. Returns what ends the watch, and restores.
 *
 * The order of a crash: restore, then the error, then the exit code; a message before the alternate screen is left would be lost.
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
    // Where a connection does not close in time.
    setTimeout(() => process.exit(exitCode), closingMs).unref();
    onSignal(exitCode);
  };
  for (const [signal, exitCode] of Object.entries(endings)) on(signal, () => end(exitCode));
  terminal.onGone(() => end(endings.SIGHUP));
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let isListening = true;
  // Not anew where it listens: a signal that is on its way would be lost.
  const listenForStops = (): void => {
    if (!isListening) process.on("SIGTSTP", stop);
    isListening = true;
  };
  const goOn = (): void => {
    isStopping = false;
    // Before anything is drawn: whoever sees the screen again may stop it again.
    listenForStops();
    terminal.resume();
  };
  const stop = (): void => {
    isStopping = true;
    terminal.suspend();
    // By its own rules: where no shell could continue us, the system does not stop us, and the screen comes back.
    process.off("SIGTSTP", stop);
    isListening = false;
    process.kill(process.pid, "SIGTSTP");
    // That of an earlier stop must not take this one for one that did not come.
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

/** Printing into the alternate screen would tear it: what is printed becomes an event. */
function routeConsole(onConsole: (text: string) => void): () => void {
  const names = ["log", "info", "warn", "error", "debug", "trace"] as const;
  const kept = new Map(names.map((name) => [name, console[name]]));
  for (const name of names) console[name] = (...parts: unknown[]) => onConsole(parts.map(String).join(" "));
  // Node's own warnings go to the terminal past every stream.
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
