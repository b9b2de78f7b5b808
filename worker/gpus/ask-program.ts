import { spawn } from "node:child_process";
import { programOnPath } from "../../shared/machine/program-on-path.ts";

/** A driver that hangs must not keep the worker from starting. */
export const patienceMs = 5000;
/** More than any machine's GPUs fill. */
const mostCharacters = 1_000_000;

export type ProgramAnswer =
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "failed"; readonly why: string }
  /** It is not in PATH. */
  | { readonly kind: "none" };

export interface Asking {
  readonly path: string | undefined;
  readonly patienceMs: number;
}

/**
 * What a program prints. It is killed when it takes too long, and not waited for: a process that hangs in a driver cannot be
 * killed at all.
 *
 * @param gone  called when its process has ended: before the answer, later, or never
 */
export function askProgram(
  name: string,
  words: readonly string[],
  { path, patienceMs: most }: Asking,
  gone: () => void = () => undefined,
): Promise<ProgramAnswer> {
  const file = programOnPath(name, path ?? "");
  if (file === undefined) {
    gone();
    return Promise.resolve({ kind: "none" });
  }
  return new Promise((resolve) => {
    const child = spawn(file, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let text = "";
    let complaint = "";
    const leave = (said: ProgramAnswer): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve(said);
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      leave({ kind: "failed", why: `it said nothing for ${most / 1000} s, and was killed` });
    }, most);
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text = (text + part).slice(0, mostCharacters);
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      complaint = (complaint + part).slice(-1000);
    });
    child.once("exit", gone);
    child.once("error", (error) => {
      if (child.pid === undefined) gone(); // it was not started
      leave({ kind: "failed", why: error.message });
    });
    child.once("close", (code, signal) => {
      if (code === 0) leave({ kind: "said", text });
      else {
        const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
        const words = [text, complaint].map(firstLine).find((line) => line !== "");
        leave({ kind: "failed", why: words === undefined ? `it ${how}` : `it ${how}: ${words}` });
      }
    });
  });
}

const firstLine = (text: string): string => text.trim().split("\n", 1)[0]?.slice(0, 200) ?? "";
