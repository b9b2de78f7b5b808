import { createSocket, type Socket } from "node:dgram";
import { probePort } from "../../../shared/broker/server/listen.ts";
import { atEnd } from "../cleanup.ts";

/**
 * Below the ports that a broker chooses by itself (20000 to 31999) and those that systems give to outgoing connections: only a
 * program that asks for this very port can take it.
 */
const lowest = 10_000;
const highest = 17_999;
const count = highest - lowest + 1;

/**
 * A port on which another process is to listen, held for this test file: no test of this machine gets the same one until the
 * process ends. The UDP socket of the same number says so; TCP's ports are others, so it is in nobody's way.
 *
 * @param further  distances of other ports that the process takes with it: 2000 for the one that lies so far above
 */
export async function holdPort(host = "127.0.0.1", further: readonly number[] = []): Promise<number> {
  // Test files that start together begin their search in different places.
  const from = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i += 1) {
    const port = lowest + ((from + i) % count);
    const signs: Socket[] = [];
    for (const distance of [0, ...further]) {
      const sign = await hold(host, port + distance);
      if (sign) signs.push(sign);
    }
    if (signs.length === 1 + further.length) {
      atEnd(() => signs.forEach((sign) => void sign.close()));
      return port;
    }
    for (const sign of signs) sign.close();
  }
  throw new Error(`every port from ${lowest} to ${highest} of ${host} is taken`);
}

/** Undefined: it is another test's or another program's. */
async function hold(host: string, port: number): Promise<Socket | undefined> {
  const sign = createSocket("udp4");
  sign.unref();
  const isBound = await new Promise<boolean>((resolve) => {
    sign.once("error", () => resolve(false));
    sign.bind({ address: host, port, exclusive: true }, () => resolve(true));
  });
  if (isBound && (await probePort(host, port)).free) return sign;
  sign.close();
  return undefined;
}
