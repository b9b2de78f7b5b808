import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { identify } from "../../../../shared/machine/process-identity.ts";
import { systemClock } from "../../../../shared/time/clock.ts";
import { Ending } from "../../../../shared/time/ending.ts";
import { reaperWords } from "../../../../worker/processes/reaper/reaper.ts";
import { programsIn } from "../../../../worker/processes/virtual-environment.ts";
import {
  Environments,
  type HeldEnvironment,
  SetupFailure,
  type SetupWish,
} from "../../../../worker/setup/environments.ts";
import { findPython } from "../../../../worker/setup/find-python.ts";
import { KeptEnvironments } from "../../../../worker/setup/kept-environments.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";

const unending = new Ending();

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A Python that is none: it says a version, and makes an environment as `-m venv` does. */
function fakePython(folder: string, name: string, version: string): void {
  const script = `#!/bin/sh
if [ "$1 $2" = "-I -c" ]; then echo '["${version}", "'"$0"'", "/usr"]'; exit 0; fi
for last; do :; done
mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; echo made >> "${folder}/made"
`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
}

describe("the Python that a job asks for", () => {
  test("the Python that a job asks for is found by its name, or what there is is said", async () => {
    const folder = temporaryFolder();
    fakePython(folder, "python3", "3.11.2");
    fakePython(folder, "python3.12", "3.12.4");
    fakePython(folder, "python3.98", "3.9.1"); // its name lies
    const home = folderWith({});
    mkdirSync(join(home, ".pyenv/versions/3.10.7/bin"), { recursive: true });
    fakePython(join(home, ".pyenv/versions/3.10.7/bin"), "python3", "3.10.7");
    const noFolder = join(folder, "made");
    writeFileSync(noFolder, "");
    const env = { PATH: `${folder}:${noFolder}:/usr/bin:/bin`, HOME: home };
    const version = async (wanted: string | null): Promise<string> => (await findPython(wanted, env)).version;
    assert.equal(await version(null), "3.11.2");
    assert.equal(await version("3.12"), "3.12.4");
    assert.equal(await version("3.12.4"), "3.12.4");
    assert.equal(await version("3.10"), "3.10.7", "of pyenv");
    await assert.rejects(version("3.98"), (error: Error) => {
      assert.match(
        error.message,
        /^there is no Python 3\.98 here: found .*3\.11\.2.*3\.12\.4.*3\.9\.1.*uv python install 3\.98$/,
      );
      return true;
    });
    await assert.rejects(findPython(null, { PATH: home }), /there is no Python here: no Python was found/);
  });
});

describe("environments", () => {
  const log = { info: () => undefined, warn: () => undefined };
  const kept = { mostBytes: 1e9, clock: systemClock };
  const ready = async (environments: Environments, wish: SetupWish) =>
    (await environments.ready(wish, unending)).environment;

  test("environments go when too many or unused for long, and none that a run uses", async () => {
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    fakePython(tools, "python3", "3.11.2");
    const environment = { PATH: `${tools}:/usr/bin:/bin` };
    let wall = Date.now();
    const later: (() => void)[] = [];
    const timer = { cancel: () => undefined, unref: () => timer };
    const clock = {
      wall: () => wall,
      after: (_: number, act: () => void) => {
        later.push(act);
        return timer;
      },
    };
    writeFileSync(join(folder, "stray"), "");
    const environments = new Environments({ folder, mostBytes: 150_000, clock, environment, log });
    const wish = (i: number) => ({
      commands: [
        ["sh", "-c", `: ${i}; head -c 60000 /dev/zero > $VIRTUAL_ENV/big; head -c 10 /dev/zero > $PIP_CACHE_DIR/x`],
      ],
      ...{ python: null, code: null, network: false },
    });
    const make = async (i: number) => {
      wall += 60_000;
      return environments.ready(wish(i), unending);
    };
    const isThere = (...made: readonly HeldEnvironment[]) => made.map((each) => existsSync(each.environment.folder));
    const [one, two] = [await make(1), await make(2)];
    two.release();
    const three = await make(3);
    three.release();
    const isGone = (made: HeldEnvironment) => !existsSync(made.environment.folder);
    await eventually("the least recently used that no run uses has gone", () => isGone(two));
    assert.deepEqual(isThere(one, two, three), [true, false, true]);
    assert.ok(!existsSync(`${two.environment.folder}.log`));
    one.release();
    one.release(); // counts once
    const four = await make(1);
    assert.equal(four.environment.folder, one.environment.folder);
    wall += 15 * 86_400_000;
    later.at(-1)?.();
    await eventually(
      "what was not used for long has gone",
      () => isGone(three) && !readdirSync(folder).includes("downloads"),
    );
    assert.deepEqual(isThere(four, three), [true, false]);
    wall += 15 * 86_400_000;
    four.release();
    await eventually("nothing is left", () => readdirSync(folder).length === 0);
  });

  test("environments are measured and deleted beside the runs, and one that somebody wants meanwhile stays", async () => {
    const big: Record<string, string> = {};
    for (let i = 0; i < 200; i += 1) big[`a/lib/${i}`] = "x";
    const folder = folderWith({
      ...big,
      "a.json": "{}",
      "b/lib": "x",
      "b.json": "{}",
      "c.gone/left": "by a process that died",
    });
    const long = (name: string): void => utimesSync(join(folder, name), 1, 1);
    for (const name of ["a", "a.json", "b", "b.json"]) long(name);
    const environments = new KeptEnvironments({ ...kept, folder, log });
    assert.equal(readdirSync(folder).length, 5, "not at once");
    environments.hold("b");
    await eventually("what nobody wants has gone", () => readdirSync(folder).length === 2);
    assert.deepEqual(readdirSync(folder).sort(), ["b", "b.json"]);
    environments.release("b");
    await eventually("so has the other", () => readdirSync(folder).length === 0);
  });

  test("environments that a wrong clock dated ahead are looked at again in two weeks, and not without end", async () => {
    const folder = folderWith({ "ahead.json": "{}" });
    const ahead = Date.now() / 1000 + 40 * 86_400;
    utimesSync(join(folder, "ahead.json"), ahead, ahead);
    const waits: number[] = [];
    const timer = { cancel: () => undefined, unref: () => timer };
    const clock = {
      wall: Date.now,
      after: (ms: number) => {
        waits.push(ms);
        return timer;
      },
    };
    new Environments({ ...kept, folder, clock, environment: {}, log });
    await eventually("it has looked", () => waits.length > 0);
    assert.deepEqual(waits, [14 * 86_400_000]); // a timer of Node's takes 24.8 days at most
    assert.ok(existsSync(join(folder, "ahead.json")));
  });

  test("an environment is made once for all that want the same, and anew after it vanished", async () => {
    const folder = temporaryFolder();
    const tools = temporaryFolder();
    fakePython(tools, "python3", "3.11.2");
    const options = { ...kept, folder, environment: { PATH: `${tools}:/usr/bin:/bin`, HOME: tools }, log };
    const wish = {
      commands: [["sh", "-c", "echo x >> $VIRTUAL_ENV/ran"]],
      python: null,
      code: null,
      network: false,
    };
    const environments = new Environments(options);
    const [one, two] = await Promise.all([ready(environments, wish), ready(environments, wish)]);
    assert.deepEqual(one, two);
    assert.match(one.text, /^python 3\.11\.2, setup [0-9a-f]{12}$/);
    const made = (): number => readdirSync(one.folder).length;
    assert.ok(made() > 1);
    await new Environments(options).ready(wish, unending);
    const count = (): number => Number(existsSync(join(one.folder, "again")));
    writeFileSync(join(one.folder, "again"), "");
    await environments.ready(wish, unending);
    assert.equal(count(), 1, "it is the same one");
    rmSync(join(programsIn(one.folder), "python"));
    await environments.ready(wish, unending);
    assert.equal(count(), 0, "it was made anew");
    // An environment that a killed worker left half made.
    rmSync(`${one.folder}.json`);
    writeFileSync(join(one.folder, "again"), "");
    await new Environments(options).ready(wish, unending);
    assert.equal(count(), 0);
  });

  test("an environment is on the disk before it counts as whole, by the machine's own sync", async (t) => {
    if (process.platform !== "linux") return t.skip("only there one folder's disk can be told");
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    fakePython(tools, "python3", "3.11.2");
    const sync = `#!/bin/sh\necho "$@" "$(ls ${folder})" >> ${tools}/synced\n`;
    writeFileSync(join(tools, "sync"), sync, { mode: 0o755 });
    const environments = new Environments({ ...kept, folder, environment: { PATH: `${tools}:/usr/bin:/bin` }, log });
    const plant = "echo '#!/bin/sh' > $VIRTUAL_ENV/bin/sync; chmod 755 $VIRTUAL_ENV/bin/sync";
    const made = await ready(environments, {
      ...{ commands: [["sh", "-c", plant]], python: null, code: null, network: false },
    });
    const [asked = ""] = readFileSync(join(tools, "synced"), "utf8").split("\n");
    assert.ok(asked.startsWith(`-f ${made.folder} `) && !asked.includes(".json"), asked);
    assert.ok(existsSync(`${made.folder}.json`));
  });

  test("environments are made by uv if present, which the sandbox shows, with the system's authorities", async () => {
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    fakePython(tools, "python3", "3.11.2");
    const uv = join(tools, "uv");
    const script = `#!/bin/sh
echo "$@ $UV_SYSTEM_CERTS" >> "${tools}/called"
if [ "$1" = venv ]; then mkdir -p "$4/bin"; cp "$3" "$4/bin/python"; fi
echo uv 0.13
`;
    writeFileSync(uv, script, { mode: 0o755 });
    const shown: boolean[] = [];
    const environments = new Environments({
      ...kept,
      folder,
      environment: { PATH: `/nowhere:${tools}:/usr/bin:/bin`, HOME: tools },
      confined: (words, { readable }) => {
        shown.push(readable.includes(uv));
        return [...words];
      },
      log,
    });
    const commands = [["pip", "install", "six"]];
    const made = await ready(environments, { commands, python: null, code: null, network: false });
    assert.ok(existsSync(join(programsIn(made.folder), "python")));
    assert.deepEqual(shown, [true, true]);
    assert.match(readFileSync(join(tools, "called"), "utf8"), /^--version .*\nvenv .* 1\npip install six 1\n$/);
  });

  test("an environment is not written to once its setup has ended, so no link in it leads elsewhere", async () => {
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    const other = join(tools, "key");
    writeFileSync(other, "secret");
    fakePython(tools, "python3", "3.11.2");
    const environment = { PATH: `${tools}:/usr/bin:/bin` };
    const link = `ln -s ${other} "$VIRTUAL_ENV/ready.json"`;
    const wish = { commands: [["sh", "-c", link]], python: null, code: null, network: false };
    const made = await ready(new Environments({ ...kept, folder, environment, log }), wish);
    assert.ok(existsSync(join(made.folder, "ready.json")));
    assert.equal(readFileSync(other, "utf8"), "secret");
  });

  for (const [which, reaper] of [
    ["with a reaper", reaperWords()],
    ["without a reaper", undefined],
  ] as const) {
    test(`an environment is made, and no process that it left in a session of its own stays, ${which}`, async () => {
      const [folder, tools] = [temporaryFolder(), temporaryFolder()];
      fakePython(tools, "python3", "3.11.2");
      const environment = { PATH: `${tools}:/usr/bin:/bin` };
      const pid = join(tools, "pid");
      // A reaper also finds processes that have wiped their environment.
      const wiped = reaper ? "env -i " : "";
      const left = `setsid ${wiped}sh -c 'echo $$ > ${pid}; exec sleep 1000' & while [ ! -s ${pid} ]; do :; done`;
      const wish = { ...{ python: null, code: null, network: false }, commands: [["sh", "-c", left]] };
      assert.ok(await new Environments({ ...kept, folder, environment, reaper, log }).ready(wish, unending));
      const number = Number(readFileSync(pid, "utf8"));
      await eventually("it has ended", () => identify(number) === undefined);
    });
  }

  test("environments made in a sandbox share no downloads, as one could plant what the next installs", async () => {
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    fakePython(tools, "python3", "3.11.2");
    const environment = { PATH: `${tools}:/usr/bin:/bin` };
    const writable: string[] = [];
    const confined = (words: readonly string[], room: { readonly writable: readonly string[] }): string[] => {
      writable.push(...room.writable);
      return [...words];
    };
    const environments = new Environments({ ...kept, folder, environment, confined, log });
    const wish = (script: string) => ({
      ...{ python: null, code: null, network: false },
      commands: [["sh", "-c", script]],
    });
    const one = await ready(
      environments,
      wish("echo planted > $PIP_CACHE_DIR/wheel; ln $PIP_CACHE_DIR/wheel $VIRTUAL_ENV"),
    );
    const two = await ready(environments, wish("ls $PIP_CACHE_DIR > $VIRTUAL_ENV/seen"));
    assert.equal(readFileSync(join(one.folder, "wheel"), "utf8"), "planted\n");
    assert.equal(readFileSync(join(two.folder, "seen"), "utf8"), "");
    const shared = writable.filter((path) => writable.indexOf(path) !== writable.lastIndexOf(path));
    assert.deepEqual(
      [...new Set(shared)].filter((path) => path.endsWith("downloads")).length,
      2,
      "one each, for two commands",
    );
    await eventually("nothing of it stays", () => !readdirSync(folder).some((name) => name.includes("downloads")));
  });

  test("environments are nobody else's to write, whatever umask the worker was started with", async () => {
    const [folder, tools] = [temporaryFolder(), temporaryFolder()];
    fakePython(tools, "python3", "3.11.2");
    const wish = { commands: [["sh", "-c", ": > $VIRTUAL_ENV/made"]] };
    const environments = new Environments({ ...kept, folder, environment: { PATH: `${tools}:/usr/bin:/bin` }, log });
    const before = process.umask(0);
    const making = ready(environments, { ...wish, python: null, code: null, network: false });
    const made = await making.finally(() => process.umask(before));
    const modes = [made.folder, `${made.folder}.json`, `${made.folder}.log`, join(made.folder, "made")].map((path) =>
      (statSync(path).mode & 0o777).toString(8),
    );
    assert.deepEqual(modes, ["700", "600", "600", "600"]);
  });

  test("an environment that cannot be made leaves its output, and nothing that looks like one", async () => {
    const folder = temporaryFolder();
    const tools = temporaryFolder();
    fakePython(tools, "python3", "3.11.2");
    const environments = new Environments({
      ...kept,
      folder,
      environment: { PATH: `${tools}:/usr/bin:/bin`, HOME: tools },
      log,
    });
    const wish = (...words: string[]) => ({ commands: [words], python: null, code: null, network: false });
    const fails = (words: string[], why: RegExp): Promise<void> =>
      assert.rejects(environments.ready(wish(...words), unending), (error: Error) => {
        assert.ok(error instanceof SetupFailure);
        assert.match(error.message, why);
        return true;
      });
    await fails(
      ["sh", "-c", "echo one; echo no such package >&2; exit 3"],
      /^its setup failed: sh -c .* ended with exit code 3: (one|no such package); all that it printed is on this machine in .*\.log$/,
    );
    await fails(["no-such-program"], /no-such-program there is no program no-such-program here/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => !name.endsWith(".log")),
      ["downloads"],
    );
    // Processes that a setup started end with it, when the worker has to end.
    const ending = new Ending();
    const begun = join(tools, "begun");
    const work = environments.ready(wish("sh", "-c", `sleep 1000 & touch ${begun}; sleep 1000`), ending);
    const ended = assert.rejects(work, /the worker had to end/);
    await eventually("the setup has begun", () => existsSync(begun));
    ending.abort();
    await ended;
  });
});
