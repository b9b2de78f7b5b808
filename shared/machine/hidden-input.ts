import { text } from "node:stream/consumers";
import { signalExit, UsageError } from "../errors.ts";

const interrupt = "\u0003";
const endOfInput = "\u0004";
const backspaces = ["\u007f", "\b"];

/**
 * Reads a secret from standard input. A terminal is asked for one line, which it does not show. From a pipe or a file it reads
 * everything.
 *
 * @param what  completes "paste ..."
 */
export async function readSecret(what: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).trim();
  stderr.write(`paste ${what} (it is not shown): `);
  // Raw: the terminal repeats nothing, and does not cut a long line after 4,096 characters as it does otherwise.
  stdin.setRawMode(true);
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
