/** A search without a will: it passes on what it hears to a socket, and says what it is told there. Run as a program by tests. */
import { connect } from "node:net";
import { createInterface } from "node:readline";

const strings = connect(process.argv[2] ?? "");
createInterface({ input: strings }).on("line", (line) => console.log(line));
createInterface({ input: process.stdin })
  .on("line", (line) => strings.write(`${line}\n`))
  .on("close", () => process.exit());
