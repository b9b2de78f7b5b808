import { createSocket, type Socket } from "node:dgram";
import { probePort } from "../../../shared/broker/server/listen.ts";
import { atEnd } from "../cleanup.ts";

/**
 * The range of reserved ports. It lies below the ports that a broker picks itself (20000 to 31999) and below those of
 * outgoing connections, so that nothing takes one by chance.
 */
const lowest = 10_000;
const highest = 17_999;
const count = highest - lowest + 1;

/**
 * A TCP port for another process to listen on, reserved until this test file ends: no other test on this machine gets it. The
 * reservation is a UDP socket on the same number, which blocks no TCP server and closes when this process ends.
 *
 * @param further  offsets from the port to further ports to reserve
 */
export async function holdPort(host = "127.0.0.1", further: readonly number[] = []): Promise<number> {
  // A random start, so that test files that start together search different places.
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

/** Reserves a port; undefined when another test or program has it. */
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
