import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { decodeMessage, encodeCall } from "../../../../../../worker/owner/detectors/desktop/dbus-message.ts";
import { Desktop } from "../../../../../../worker/owner/detectors/desktop/desktop.ts";
import { gnomeIdle } from "../../../../../../worker/owner/detectors/desktop/gnome.ts";
import type { IdleSource } from "../../../../../../worker/owner/detectors/desktop/idle-source.ts";
import { logindIdle } from "../../../../../../worker/owner/detectors/desktop/logind.ts";
import { graphicalSessions } from "../../../../../../worker/owner/detectors/desktop/sessions.ts";
import { cookieOf, x11Idle } from "../../../../../../worker/owner/detectors/desktop/x11.ts";
import { temporaryFolder } from "../../../../../support/cleanup.ts";
import { FakeBus } from "../../../../../support/fake-bus.ts";
import { eventually } from "../../../../../support/patience.ts";
import { RecordedTree } from "../../../../../support/recorded-tree.ts";

const folder = temporaryFolder();

// As logind of systemd 252 writes it.
const session = (more: string): string => `# This is private data. Do not parse.
UID=1000
USER=ada
ACTIVE=1
IS_DISPLAY=1
STATE=active
REMOTE=0
LEADER=2031
TYPE=wayland
CLASS=user
SEAT=seat0
TTY=tty2
VTNR=2
REALTIME=1795822400000000
MONOTONIC=31000000
${more}`;

describe("graphical sessions", () => {
  test("graphical sessions are those of people that a screen shows now", () => {
    const tree = new RecordedTree({
      "/run/systemd/sessions/2": session(""),
      "/run/systemd/sessions/4": session("TYPE=x11\nDISPLAY=:1\nUID=1001"),
      "/run/systemd/sessions/c1": session("CLASS=greeter"),
      "/run/systemd/sessions/3": session("ACTIVE=0"),
      "/run/systemd/sessions/5": session("TYPE=tty"),
      "/run/systemd/sessions/2.ref": "",
    });
    assert.deepEqual(graphicalSessions(tree.files), [
      { id: "2", uid: 1000, type: "wayland", display: "" },
      { id: "4", uid: 1001, type: "x11", display: ":1" },
    ]);
    assert.deepEqual(graphicalSessions(new RecordedTree().files), [], "a server");
  });
});

describe("a desktop", () => {
  const tree = (): RecordedTree => new RecordedTree({ "/run/systemd/sessions/2": session("") });
  let warnings = 0;
  const warn = (): void => {
    warnings += 1;
  };
  const log = { info: () => undefined, warn };

  test("a desktop is used as long ago as its source says, and at once when that calls", async () => {
    let now = 100_000;
    let touch: () => void = () => assert.fail();
    let asked = 0;
    const idleMs = async (): Promise<number> => {
      asked += 1;
      return 60_000;
    };
    const source: IdleSource = { name: "GNOME", idleMs, close: () => undefined };
    const desktop = new Desktop(
      tree().files,
      async (_, onTouch) => {
        touch = onTouch;
        return source;
      },
      () => now,
      log,
    );
    const look = () => desktop.look({ wall: 0, monotonic: now });
    assert.deepEqual(look().use, { at: 100_000, what: "somebody may use its desktop" }, "nobody has told yet");
    const use = await eventually("it is told", () => (asked > 0 && look().use?.at !== now ? look().use : undefined));
    assert.deepEqual(use, { at: 40_000, what: "somebody uses its desktop" });
    now += 1000;
    look();
    assert.equal(asked, 1, "it is asked every 5 s");
    touch();
    assert.equal(look().use?.at, 101_000);
    desktop.close();
  });

  test("a desktop is left alone when its user logs out while its source is being opened", async () => {
    const recorded = tree();
    const before = warnings;
    let opened: (source: IdleSource) => void = () => assert.fail();
    let closed = 0;
    const desktop = new Desktop(
      recorded.files,
      () =>
        new Promise((resolve) => {
          opened = resolve;
        }),
      () => 0,
      log,
    );
    desktop.look({ wall: 0, monotonic: 0 });
    recorded.remove("/run/systemd/sessions/2");
    desktop.look({ wall: 0, monotonic: 5000 });
    opened({
      name: "GNOME",
      idleMs: async () => (closed === 0 ? 0 : assert.fail("it was asked when it was closed")),
      close: () => {
        closed += 1;
      },
    });
    await eventually("it is closed", () => closed > 0);
    assert.deepEqual([closed, warnings], [1, before]);
    assert.deepEqual(desktop.look({ wall: 0, monotonic: 5000 }), {}, "nobody uses it");
    desktop.close();
  });

  test("a desktop does not count as used when its user logs out while its source is asked", async () => {
    const recorded = tree();
    const before = warnings;
    let refuse: ((why: Error) => void) | undefined;
    const source: IdleSource = {
      name: "GNOME",
      idleMs: () =>
        new Promise((_, reject) => {
          refuse = reject;
        }),
      close: () => refuse?.(new Error("closed")),
    };
    const desktop = new Desktop(
      recorded.files,
      async () => source,
      () => 0,
      log,
    );
    desktop.look({ wall: 0, monotonic: 0 });
    await eventually("it is asked", () => refuse !== undefined);
    recorded.remove("/run/systemd/sessions/2");
    desktop.look({ wall: 0, monotonic: 5000 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(warnings, before);
    assert.deepEqual(desktop.look({ wall: 0, monotonic: 5000 }), {}, "nobody uses it");
    desktop.close();
  });

  test("a desktop of which nobody tells counts as used, and that is logged once", async () => {
    let now = 0;
    let tries = 0;
    const desktop = new Desktop(
      tree().files,
      async () => {
        tries += 1;
        throw new Error("no bus");
      },
      () => now,
      log,
    );
    warnings = 0;
    for (let i = 1; i <= 3; i += 1) {
      desktop.look({ wall: 0, monotonic: now });
      await eventually("it was tried", () => tries === i);
      await eventually("it counts as used", () => desktop.look({ wall: 0, monotonic: now }).use?.at === now);
      now += 5000;
    }
    assert.equal(warnings, 1);
    desktop.close();
  });

  test("a desktop that nobody is logged in to is none", () => {
    const desktop = new Desktop(
      new RecordedTree().files,
      () => assert.fail(),
      () => 0,
      log,
    );
    assert.deepEqual(desktop.look({ wall: 0, monotonic: 0 }), {});
  });
});

describe("D-Bus", () => {
  test("D-Bus messages are laid out as the specification says", () => {
    const call = { destination: "org.a", path: "/a", interface: "org.a.B", member: "Do", args: ["text", 7] };
    const bytes = encodeCall(call, 3);
    assert.equal(bytes.length % 4, 0);
    assert.deepEqual(decodeMessage(bytes)?.message.body, ["text", 7]);
    const { message, length } = decodeMessage(Buffer.concat([bytes, bytes])) ?? assert.fail();
    assert.equal(length, bytes.length);
    assert.deepEqual([message.type, message.path, message.interface, message.member], [1, "/a", "org.a.B", "Do"]);
    for (let cut = 0; cut < bytes.length; cut += 1) assert.equal(decodeMessage(bytes.subarray(0, cut)), null);
    assert.throws(() => decodeMessage(Buffer.from("HTTP/1.1 400 Bad Request")), /not a little-endian message/);
  });

  test("GNOME says how long nobody has touched a desktop, and calls when somebody does", async () => {
    const path = join(folder, "session");
    let idle = 250n;
    const bus = new FakeBus(path, (member) => {
      if (member === "GetIdletime") return { signature: "t", values: [idle] };
      if (member === "AddUserActiveWatch") return { signature: "u", values: [1] };
      return { signature: "", values: [] };
    });
    let touched = 0;
    const source = await gnomeIdle(path, () => (touched += 1));
    assert.equal(await source.idleMs(), 250);
    assert.ok(!bus.calls.includes("AddUserActiveWatch"), "somebody is there");
    idle = 90_000n;
    assert.equal(await source.idleMs(), 90_000);
    assert.equal(await source.idleMs(), 90_000);
    assert.equal(bus.calls.filter((each) => each === "AddUserActiveWatch").length, 1);
    const name = "org.gnome.Mutter.IdleMonitor";
    bus.signal("/org/gnome/Mutter/IdleMonitor/Core", name, "WatchFired", { signature: "u", values: [1] });
    await eventually("it calls", () => touched === 1);
    await source.idleMs();
    assert.equal(bus.calls.filter((each) => each === "AddUserActiveWatch").length, 2, "for the next time");
    bus.drop();
    await assert.rejects(async () => {
      for (;;) await source.idleMs();
    }, /closed the connection|EPIPE|ECONNRESET/);
    source.close();
    bus.close();
  });

  test("logind says since when a desktop is idle; one that is not idle is used now", async () => {
    const path = join(folder, "system");
    let isIdle = true;
    const bus = new FakeBus(path, (member, args) => {
      if (member === "GetSession") return args[0] === "2" ? { signature: "o", values: ["/session/_32"] } : "no session";
      if (member !== "Get") return { signature: "", values: [] };
      return args[1] === "IdleHint"
        ? { signature: "vb", values: [isIdle] }
        : { signature: "vt", values: [BigInt(1_795_000_000_000) * 1000n] };
    });
    await assert.rejects(
      logindIdle(
        path,
        "9",
        () => 0,
        () => undefined,
      ),
      /no session/,
    );
    let touched = 0;
    const source = await logindIdle(
      path,
      "2",
      () => 1_795_000_030_000,
      () => (touched += 1),
    );
    assert.equal(await source.idleMs(), 30_000);
    isIdle = false;
    assert.equal(await source.idleMs(), 0);
    bus.signal("/session/_32", "org.freedesktop.DBus.Properties", "PropertiesChanged", {
      signature: "s",
      values: ["x"],
    });
    await eventually("it calls", () => touched === 1);
    source.close();
    bus.close();
  });

  test("GNOME's idle time cannot be had without its bus, or without its service", async () => {
    await assert.rejects(
      gnomeIdle(join(folder, "nowhere"), () => undefined),
      /ENOENT/,
    );
    const path = join(folder, "other");
    const bus = new FakeBus(path, (member) =>
      member === "GetIdletime" ? "no such service" : { signature: "", values: [] },
    );
    await assert.rejects(
      gnomeIdle(path, () => undefined),
      /no such service/,
    );
    bus.close();
  });
});

describe("X11", () => {
  test("the X11 cookie of a display is found in the file of cookies", () => {
    const part = (text: string): Buffer => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(text.length);
      return Buffer.concat([length, Buffer.from(text)]);
    };
    const entry = (number: string, data: string): Buffer =>
      Buffer.concat([Buffer.from([1, 0]), part("lab-1"), part(number), part("MIT-MAGIC-COOKIE-1"), part(data)]);
    const file = join(folder, "Xauthority");
    writeFileSync(file, Buffer.concat([entry("0", "a secret of 0..."), entry("7", "a secret of 7...")]));
    assert.equal(cookieOf(file, "7").toString(), "a secret of 7...");
    assert.equal(cookieOf(file, "9").length, 0);
    assert.equal(cookieOf(join(folder, "none"), "7").length, 0);
  });

  test("an X server says how long nobody has touched it", async () => {
    const path = join(folder, "X7");
    const requests: number[][] = [];
    const server = createServer((socket) => {
      let isGreeted = false;
      socket.on("data", (bytes) => {
        if (!isGreeted) {
          isGreeted = true;
          // Vendor of 4 letters, no formats, one screen whose root window is 0x123.
          const greeting = Buffer.alloc(8 + 32 + 4 + 8);
          greeting.writeUInt8(1, 0);
          greeting.writeUInt16LE((greeting.length - 8) / 4, 6);
          greeting.writeUInt16LE(4, 24);
          greeting.writeUInt8(1, 28);
          greeting.writeUInt32LE(0x123, 44);
          // In two parts, as a network may bring it.
          socket.write(greeting.subarray(0, 11));
          setImmediate(() => socket.write(greeting.subarray(11)));
          return;
        }
        requests.push([...bytes]);
        const answer = Buffer.alloc(32);
        answer.writeUInt8(1, 0);
        if (bytes[0] === 98) {
          answer.writeUInt8(1, 8);
          answer.writeUInt8(140, 9);
        } else answer.writeUInt32LE(45_000, 16);
        socket.write(answer);
      });
    });
    server.listen(path);
    const source = await x11Idle(":7", join(folder, "Xauthority"), folder);
    assert.equal(await source.idleMs(), 45_000);
    assert.deepEqual(requests[1], [140, 1, 2, 0, 0x23, 1, 0, 0]);
    source.close();
    server.close();
    await assert.rejects(x11Idle("remote:0", "", folder), /no display of this machine/);
    await assert.rejects(x11Idle(":8", "", folder), /ENOENT/);
  });
});

/** An impostor in place of a server: sends `first`, then bytes without end. */
function endless(path: string, first: string): Server {
  const server = createServer((socket) => {
    const bytes = Buffer.alloc(65_536, 0x41);
    const more = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on("error", () => undefined).on("drain", more);
    socket.write(first, "latin1");
    more();
  });
  return server.listen(path);
}

describe("impostors of a desktop's servers", () => {
  for (const [who, first] of [
    ["an X server that greets without end", ""],
    ["an X server that refuses without end", "\0\0\0\0\0\0\xff\xff"],
  ] as const)
    test(`${who} is given up`, async () => {
      const number = first.length;
      const server = endless(join(folder, `X${number}0`), first);
      await assert.rejects(x11Idle(`:${number}0`, "", folder), /says too much|does not let this user in/);
      server.close();
    });

  test("an X server whose answer would have 16 GB is given up", async () => {
    const path = join(folder, "X99");
    const greeting = Buffer.alloc(8 + 32 + 4 + 8);
    greeting.writeUInt8(1, 0);
    greeting.writeUInt16LE((greeting.length - 8) / 4, 6);
    greeting.writeUInt16LE(4, 24);
    const answer = Buffer.alloc(32);
    answer.writeUInt8(1, 0);
    answer.writeUInt32LE(0xffffffff, 4);
    const server = endless(path, Buffer.concat([greeting, answer]).toString("latin1"));
    await assert.rejects(x11Idle(":99", "", folder), /says too much/);
    server.close();
  });

  for (const first of ["", "OK 1234\r\n"])
    test(`a bus that says ${first === "" ? "no end of a line" : "what is no message"} is given up`, async () => {
      const path = join(folder, `bus${first.length}`);
      const server = endless(path, first);
      await assert.rejects(
        gnomeIdle(path, () => undefined),
        /says too much|not a little-endian message/,
      );
      server.close();
    });
});
