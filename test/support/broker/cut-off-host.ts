import { execFileSync } from "node:child_process";
import { atEnd } from "../cleanup.ts";

/**
 * A separate host as far as the network goes: a network namespace with one cable to this machine. When the cable is
 * pulled, packets are lost and neither side is told, as with a real one. Needs root and iproute2.
 */
export class CutOffHost {
  readonly name: string;
  /** This machine's address at its end of the cable. */
  readonly address: string;
  readonly #cable: string;

  /** @param number  distinguishes the hosts of one test file, of which there are at most eight */
  constructor(number = 0) {
    const id = (process.pid * 8 + number) % 16_000;
    const ending = number === 0 ? "" : `-${number}`;
    this.name = `nexus-${process.pid}${ending}`;
    this.#cable = `nx${process.pid}${ending}`;
    // Four addresses of its own, from the range reserved for tests between networks (RFC 2544).
    const network = `198.${18 + Math.floor(id / 64 / 256 / 64)}.${Math.floor(id / 64)}`;
    const base = (id % 64) * 4;
    this.address = `${network}.${base + 1}`;
    atEnd(() => this.end());
    ip("netns", "add", this.name);
    ip("link", "add", this.#cable, "type", "veth", "peer", "name", "cable", "netns", this.name);
    ip("address", "add", `${this.address}/30`, "dev", this.#cable);
    ip("-n", this.name, "address", "add", `${network}.${base + 2}/30`, "dev", "cable");
    ip("-n", this.name, "link", "set", "lo", "up");
    ip("-n", this.name, "link", "set", "cable", "up");
    this.plug();
  }

  /** Words to put before a command so that it runs on this host. */
  get prefix(): string[] {
    return ["ip", "netns", "exec", this.name];
  }

  pull(): void {
    ip("link", "set", this.#cable, "down");
  }

  plug(): void {
    ip("link", "set", this.#cable, "up");
  }

  end(): void {
    const hosts = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
    if (hosts.split("\n").some((line) => line.split(" ")[0] === this.name)) ip("netns", "delete", this.name);
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
