import pino from "pino";
import { RotatingFile, type RotationOptions } from "./rotating-file.ts";

/** What the programs log with: JSON lines, one event each. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error">;

/** A log in a file, created if missing; at 10 MB a new one is begun, and three are kept. NEXUS_LOG sets the level. */
export function fileLog(path: string, program: string, rotation?: RotationOptions): Log {
  const level = process.env["NEXUS_LOG"] ?? "info";
  return unfailing(pino({ level, base: { program, pid: process.pid } }, new RotatingFile(path, rotation)));
}

/** A log that cannot be written, on a full disk for instance, must not stop the program. */
function unfailing(log: Log): Log {
  const quietly =
    (write: (...args: [object, string?]) => void) =>
    (...args: [object, string?]): void => {
      try {
        write(...args);
      } catch {
        // There is nowhere else to say so.
      }
    };
  return {
    debug: quietly((...args) => log.debug(...args)),
    info: quietly((...args) => log.info(...args)),
    warn: quietly((...args) => log.warn(...args)),
    error: quietly((...args) => log.error(...args)),
  } as Log;
}

/** A log on standard error. */
export function stderrLog(program: string): Log {
  const level = process.env["NEXUS_LOG"] ?? "warn";
  return pino({ level, base: { program } }, pino.destination({ dest: 2, sync: true }));
}
