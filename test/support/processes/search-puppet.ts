/** A search that a test controls: it passes its stdin to a socket and prints the lines that come from there. */
import { connect } from "node:net";
import { createInterface } from "node:readline";

const strings = connect(process.argv[2] ?? "");
createInterface({ input: strings }).on("line", (line) => console.log(line));
createInterface({ input: process.stdin })
  .on("line", (line) => strings.write(`${line}\n`))
  .on("close", () => process.exit());
