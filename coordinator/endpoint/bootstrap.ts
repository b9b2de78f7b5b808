/**
 * Lines for a machine that has Node or Python and no nexus-swarm. Each fetches a script from the coordinator's machine and runs it
 * only if its SHA-256 is the one in the line; the script checks the package in the same way. So it does not matter that they come
 * over plain HTTP: nothing in them is secret, and whoever changes them on their way only prevents the join.
 */

/** What a coordinator hands out, as endpoint.json has it. */
export interface HandedOut {
  readonly port: number;
  /** SHA-256 of the script for Node, base64url. */
  readonly node: string;
  /** SHA-256 of the script for Python, hexadecimal. */
  readonly python: string;
}

/** Commands that start a worker of this coordinator's version; words typed after them are options of nexus-worker. */
export interface Bootstrap {
  readonly node: string;
  readonly python: string;
}

/**
 * @param line      the join line
 * @param addresses  `host:port` where the package may be had
 */
export function bootstrapFor(line: string, addresses: readonly string[], handedOut: HandedOut): Bootstrap {
  // An environment variable, which only this user's programs can read, not an argument, which everyone sees.
  const joining = `NEXUS_JOIN='${line}'`;
  return {
    node: `${joining} node -e '${nodeLoader(addresses, handedOut.node)}' --`,
    python: `${joining} python3 -I -c "${pythonLoader(addresses, handedOut.python)}"`,
  };
}

const mistrusted =
  "the package of the coordinator was not found, or was changed on its way; type the line that it prints now";

/**
 * Holds no single quotes, so a shell can take it in single quotes. It asks all addresses at once, and stops reading an
 * answer that is longer than any script.
 */
export const nodeLoader = (addresses: readonly string[], sha256: string): string =>
  `Promise.any("${addresses.join(",")}".split(",").map(async a=>{const p=[];let n=0;` +
  `for await(const c of(await fetch("http://"+a+"/node",{redirect:"error",signal:AbortSignal.timeout(9e3)})).body)` +
  `if(p.push(c)&&(n+=c.length)>99999)throw 0;const b=Buffer.concat(p);` +
  `if(require("crypto").createHash("sha256").update(b).digest("base64url")==="${sha256}")return[a,b];throw 0` +
  `})).then(([a,b])=>{globalThis.nexusFrom=a;return import(["data:text/javascript;base64",b.toString("base64")])},` +
  `()=>{console.error("${mistrusted}");process.exitCode=4})`;

/**
 * Holds no double quotes, `$` or backquotes, so a shell can take it in double quotes. With `-I` it imports nothing from
 * the current folder.
 */
const pythonLoader = (addresses: readonly string[], sha256: string): string =>
  "import hashlib,http.client as u;" +
  `exec('for a in \\'${addresses.join(",")}\\'.split(\\',\\'):` +
  "\\n try:c=u.HTTPConnection(a,timeout=9);c.request(\\'GET\\',\\'/python\\');b=c.getresponse().read(99999)" +
  "\\n except Exception:continue" +
  `\\n if hashlib.sha256(b).hexdigest()==\\'${sha256}\\':exec(b,dict(nexus_from=a));break` +
  `\\nelse:raise SystemExit(\\'${mistrusted}\\')')`;

export function readHandedOut(value: unknown): HandedOut | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { port, node, python } = value as Record<string, unknown>;
  return typeof port === "number" && typeof node === "string" && typeof python === "string"
    ? { port, node, python }
    : undefined;
}
