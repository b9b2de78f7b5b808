import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";
import { type Address, addressText } from "../../address.ts";

const answerWithinMs = 10_000;

/** Loads a module only when needed: importing `node:http` at every start would cost 40 ms (Node 24). */
const late = createRequire(import.meta.url);

/** A connection to the address: direct, or a tunnel through the HTTP proxy that the environment names for it. */
export function openTunnel(target: Address, env: NodeJS.ProcessEnv = process.env): Promise<Socket> {
  const proxy = proxyFor(target, env);
  return proxy ? throughProxy(proxy, target) : direct(target);
}

/**
 * HTTPS_PROXY, unless NO_PROXY names the host: `*`, a name, `.domain` for all names below it, each with or without a
 * port. Undefined: connect directly. @throws Error if HTTPS_PROXY is not an http: URL
 */
export function proxyFor({ host, port }: Address, env: NodeJS.ProcessEnv): URL | undefined {
  const setting = env["HTTPS_PROXY"] || env["https_proxy"] || "";
  if (setting === "") return undefined;
  const exceptions = (env["NO_PROXY"] || env["no_proxy"] || "").split(/[\s,]+/).filter((word) => word !== "");
  const isExcepted = exceptions.some((word) => {
    const [, name = word, only] = /^(.*?):(\d+)$/.exec(word) ?? [];
    const domain = name.replace(/^\*?\./, "").toLowerCase();
    const isNamed = name === "*" || host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`);
    return isNamed && (only === undefined || Number(only) === port);
  });
  if (isExcepted) return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(setting) ? setting : `http://${setting}`;
  if (!URL.canParse(text) || new URL(text).protocol !== "http:")
    throw new Error("HTTPS_PROXY: expected http://host:port or http://user:password@host:port");
  return new URL(text);
}

function direct({ host, port }: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      socket.removeAllListeners();
      resolve(socket.setNoDelay(true));
    });
    socket.once("error", reject);
  });
}

function throughProxy(proxy: URL, target: Address): Promise<Socket> {
  const { hostname, port, username, password } = proxy;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const { request } = late("node:http") as typeof import("node:http");
  return new Promise((resolve, reject) => {
    const asking = request({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port || 80,
      method: "CONNECT",
      path: addressText(target),
      headers: {
        Host: addressText(target),
        ...(username === "" ? {} : { "Proxy-Authorization": `Basic ${credentials}` }),
      },
      timeout: answerWithinMs,
    });
    asking.once("connect", (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket.setNoDelay(true));
      socket.destroy();
      reject(
        new Error(
          `the proxy ${hostname} answered ${answer.statusCode}: it lets no connection to ${addressText(target)} through`,
        ),
      );
    });
    // A proxy that knows no CONNECT answers as if it had been asked for a page.
    asking.once("response", (answer) => {
      answer.destroy();
      reject(new Error(`the proxy ${hostname} answered ${answer.statusCode} to CONNECT`));
    });
    asking.once("timeout", () => asking.destroy(new Error(`the proxy ${hostname} does not answer`)));
    asking.once("error", reject);
    asking.end();
  });
}
