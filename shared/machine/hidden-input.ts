import { text } from "node:stream/consumers";
import { signalExit, UsageError } from "../errors.ts";

const interrupt = "\u0003";
const endOfInput = "\u0004";
const backspaces = ["\u007f", "\b"];

/**
 * Reads a secret from standard input: from a terminal one line, which is not shown; from a pipe or a file everything.
 *
 * @param what  completes "paste ..."
 * @throws UsageError if the terminal's line is empty
 */
export async function readSecret(what: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).trim();
  // In raw mode the terminal echoes nothing, and does not cut lines after 4,096 characters. Whoever sees the prompt may paste at once.
  stdin.setRawMode(true);
  stderr.write(`paste ${what} (it is not shown): `);
  stdin.setEncoding("utf8");
  let typed = "";
  try {
    return await new Promise<string>((resolve, reject) => {
      const hear = (chunk: string): void => {
        for (const character of chunk) {
          if (character === "\r" || character === "\n" || character === endOfInput) {
            stdin.off("data", hear);
            if (typed.trim() === "") reject(new UsageError(`nothing was pasted; expected ${what}`));
            else resolve(typed.trim());
            return;
          }
          if (character === interrupt) process.exit(signalExit.SIGINT);
          else if (backspaces.includes(character)) typed = typed.slice(0, -1);
          else typed += character;
        }
      };
      stdin.on("data", hear);
      stdin.once("end", () => reject(new UsageError(`nothing was pasted; expected ${what}`)));
      stdin.resume();
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}
