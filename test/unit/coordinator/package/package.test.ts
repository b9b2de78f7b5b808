import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bootstrapFor, readHandedOut } from "../../../../coordinator/endpoint/bootstrap.ts";
import { workerFiles, workerNeeds } from "../../../../coordinator/package/contents.ts";
import { pythonScript } from "../../../../coordinator/package/scripts.ts";
import { makePackage, type Package, shelfServer } from "../../../../coordinator/package/serve-package.ts";
import { install, prune, unpacked } from "../../../../coordinator/package/start-here.ts";
import { tarball } from "../../../../coordinator/package/tarball.ts";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";
import { programVersion } from "../../../../shared/components/version.ts";
import { atEnd, temporaryFolder } from "../../../support/cleanup.ts";
import { patienceMs } from "../../../support/patience.ts";

const importAll = fileURLToPath(new URL("../../../support/processes/import-all.js", import.meta.url));

describe("the package for other machines", () => {
  test("the worker's package holds what its programs import, the licences of all of it, and nothing else", async () => {
    const files = workerFiles();
    const folder = temporaryFolder();
    install(await tarball(files), folder, join(folder, "here"));
    // In another folder, nothing beside the package can stand in for what it lacks.
    execFileSync(process.execPath, [importAll, join(folder, "here")], { stdio: "inherit" });
    const version = execFileSync(process.execPath, [join(folder, "here/dist/worker/main.js"), "--version"], {
      encoding: "utf8",
    });
    assert.equal(version.trim(), programVersion());
    const imported = new Set<string>();
    for (const room of ["worker", "shared"])
      for (const path of readdirSync(join(packageRoot(), "dist", room), { recursive: true, encoding: "utf8" }))
        if (/^(?!gathered\/).*\.js$/.test(path))
          for (const [, name = ""] of readFileSync(join(packageRoot(), "dist", room, path), "utf8").matchAll(
            /^(?:import|export) .*from "([^".][^"]*)"|import\("([a-z@][^"]*)"\)/gm,
          ))
            if (name !== "" && !name.startsWith("node:")) imported.add(name.split("/")[0] ?? "");
    imported.add("ws"); // loaded when it is needed
    assert.deepEqual([...imported].sort(), [...workerNeeds].sort());
    for (const module of ["__init__", "_run", "wandb", "_named_wandb/wandb"])
      assert.ok(
        files.some(({ path }) => path === `python/src/nexus_swarm/${module}.py`),
        `runs import nexus_swarm: ${module}`,
      );
    assert.ok(!files.some(({ path }) => /^dist\/(coordinator|test)\/|\.map$|\.d\.ts$/.test(path)));
    for (const name of [...workerNeeds, "nkeys.js", "tweetnacl", "sonic-boom"])
      assert.ok(
        files.some(({ path }) => new RegExp(`^node_modules/${name}/(licen[cs]e|package.json)`, "i").test(path)),
        name,
      );
    // A machine that joins writes the files one by one.
    assert.ok(files.length < 300, `${files.length} files`);
    assert.ok(!files.some(({ path }) => path === "dist/worker/program.js" || path === "node_modules/nats/index.js"));
  });

  test("the worker's package is the same bytes each time, and a tar as others read it", async () => {
    const long = `${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(60)}.js`;
    const files = [
      { path: "empty", bytes: Buffer.alloc(0) },
      { path: long, bytes: Buffer.from("long") },
      { path: "whole", bytes: Buffer.alloc(1024, 7) },
    ];
    const packed = await tarball(files);
    assert.ok(packed.equals(await tarball(files)));
    const folder = temporaryFolder();
    writeFileSync(join(folder, "p.tgz"), packed);
    execFileSync("tar", ["-xzf", "p.tgz"], { cwd: folder });
    for (const { path, bytes } of files) assert.ok(readFileSync(join(folder, path)).equals(bytes), path);
    await assert.rejects(tarball([{ path: "x".repeat(101), bytes: Buffer.alloc(0) }]), /too long for a tar/);
  });

  test("the worker's package is unpacked as a whole or not at all, and never beside its folder", async () => {
    const folder = join(temporaryFolder(), "versions");
    const place = join(folder, "0.1.0-abc");
    const packed = await tarball([{ path: "dist/worker/main.js", bytes: Buffer.from("1") }]);
    install(packed, folder, place);
    assert.equal(readFileSync(join(place, "dist/worker/main.js"), "utf8"), "1");
    install(packed, folder, place); // another worker was first
    for (const path of ["../out", "a/../../out", "/etc/out"]) {
      const bad = await tarball([
        { path: "good", bytes: Buffer.from("1") },
        { path, bytes: Buffer.from("1") },
      ]);
      assert.throws(() => install(bad, folder, join(folder, "bad")), /holds something odd/);
    }
    assert.deepEqual(readdirSync(folder), ["0.1.0-abc"]);
    assert.deepEqual([...unpacked(Buffer.alloc(1024))], []);
  });

  test("an unpacked package stays while a worker runs from it, and one more does; older ones go", () => {
    const folder = temporaryFolder();
    const add = (name: string, usedAt: number, ...users: (number | string)[]): string => {
      const path = join(folder, name);
      mkdirSync(join(path, "users"), { recursive: true });
      for (const pid of users) writeFileSync(join(path, "users", String(pid)), "");
      utimesSync(path, usedAt, usedAt);
      return path;
    };
    add("1.0.0-old", 1000, 7);
    add("1.0.1-left", 2000, 8);
    add("1.0.2-last", 3000);
    const current = add("1.0.3-now", 4000, 9);
    add(".new-1", 1000);
    add(".new-2", Date.now() / 1000);
    prune(folder, current, (pid) => pid === 7 || pid === 9);
    assert.deepEqual(readdirSync(folder).sort(), [".new-2", "1.0.0-old", "1.0.2-last", "1.0.3-now"]);
    prune(folder, current, (pid) => pid === 9);
    assert.ok(!existsSync(join(folder, "1.0.0-old")));
    // In a home that many machines share, this machine cannot tell which processes live on the others.
    const own = encodeURIComponent(hostname());
    const elsewhere = add("0.9.0-elsewhere", 1000, "7@another-machine");
    const ended = add("0.9.1-ended", 1000, `7@${own}`);
    prune(folder, current, (pid) => pid === 9);
    assert.ok(existsSync(elsewhere) && !existsSync(ended));
    utimesSync(join(elsewhere, "users", "7@another-machine"), 1000, 1000);
    prune(folder, current, (pid) => pid === 9);
    assert.ok(!existsSync(elsewhere), "its worker was not started anew for a month");
  });
});

describe("the server of the package", () => {
  let made: Package;
  let port = 0;
  before(async () => {
    made = await makePackage(packageRoot());
    port = await listening(patienceMs);
  });

  /** The port of a server that allows a request this long. */
  async function listening(mostRequestMs: number): Promise<number> {
    const running = shelfServer(made.shelf, mostRequestMs);
    running.listen(0, "127.0.0.1");
    await once(running, "listening");
    atEnd(() => {
      running.close();
      running.closeAllConnections();
    });
    return (running.address() as AddressInfo).port;
  }

  /** Sends these bytes; returns what comes back until the other side ends. */
  const raw = async (text: string, at = port): Promise<string> => {
    const socket = connect(at, "127.0.0.1");
    let heard = "";
    socket.on("data", (bytes) => (heard += bytes.toString("latin1"))).on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(text);
    await closed;
    return heard;
  };

  test("the package's server gives what is on its shelf by its exact name, and nothing else by any", async () => {
    for (const [path, bytes] of made.shelf) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal(answer.status, 200);
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes));
    }
    const [packed = ""] = made.shelf.keys();
    for (const path of [
      "/",
      "/node/",
      "/node?x",
      "/node/../python",
      "/%6eode",
      "//node",
      `${packed}/`,
      "/package.json",
      "/../../etc/passwd",
      "http://x/node",
    ]) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 404 /, path);
      assert.ok(answer.endsWith("\r\n\r\n") || answer.endsWith("0\r\n\r\n"), "it says no more");
    }
    const head = await raw("HEAD /node HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
  });

  test("the package's server takes no other method, no long headers, and no nonsense", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
      assert.match(
        await raw(`${method} /node HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`),
        /^HTTP\/1\.1 405 /,
        method,
      );
    assert.equal(await raw(`GET /node HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(10_000)}\r\n\r\n`), "");
    assert.equal(await raw("INFO {}\r\n\r\n"), "");
  });

  test("an address that holds all connections of the package's server keeps no other address from it", async () => {
    const holding = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
        socket.on("error", () => undefined);
        await once(socket, "connect");
        return socket;
      }),
    );
    const [first] = holding;
    assert.ok(first);
    const letGo = once(first, "close");
    assert.equal((await fetch(`http://127.0.0.1:${port}/node`)).status, 200);
    await letGo;
    for (const socket of holding) socket.destroy();
  });

  test("the package's server lets go of those that never finish their question", async () => {
    const hasty = await listening(200);
    assert.match(await raw("GET /node HTTP/1.1\r\nHost: x\r\n", hasty), /^(HTTP\/1\.1 408 [\s\S]*)?$/);
  });
});

test("where Python finds no Node for a worker and can keep none, it says so in one line", () => {
  const file = join(temporaryFolder(), "cache");
  writeFileSync(file, "no folder");
  const env = { PATH: "/nowhere", XDG_CACHE_HOME: file };
  const { status, stderr } = spawnSync("/usr/bin/python3", ["-c", pythonScript("")], { env, encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^there is no Node 20 or newer here, and none can be installed: .*Not a directory.*\n$/);
});

test("the lines that start a worker from the package hold nothing that a shell would change", () => {
  const handedOut = readHandedOut({ port: 4223, node: "AAAA-_", python: "ab12" });
  assert.ok(handedOut);
  const { node, python } = bootstrapFor(
    "tls://CODE@192.0.2.7:4222,[fd00::3]:4222/ws1#sha256=x",
    ["192.0.2.7:4223", "[fd00::3]:4223"],
    handedOut,
  );
  assert.match(node, /^NEXUS_JOIN='[^']+' node -e '[^']+' --$/);
  assert.match(python, /^NEXUS_JOIN='[^']+' python3 -I -c "[^"$`!]+"$/);
  assert.equal(readHandedOut({ port: "4223", node: "a", python: "b" }), undefined);
  assert.equal(readHandedOut(null), undefined);
});
