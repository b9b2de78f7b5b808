import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../../shared/time/clock.ts";
import { Ending } from "../../../../shared/time/ending.ts";
import { environmentsIn, housingOf } from "../../../../worker/node/housing.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

/** How a worker with `--sandbox`, or without, starts runs, and its state below a folder of its own. */
function boxedHousing(sandboxRo: string[] = [], sandbox = true) {
  const root = temporaryFolder();
  const [state, data] = [join(root, "state/nexus/workers/ws1/m/w"), join(root, "data/nexus/ws1")];
  for (const folder of [state, data]) mkdirSync(folder, { recursive: true });
  return { state, housing: housingOf(state, data, { code: true, sandbox, sandboxRo, network: false }) };
}

function boxedEnvironments(sandbox = true) {
  const { state, housing } = boxedHousing([], sandbox);
  const log = { info: () => undefined, warn: () => undefined };
  return environmentsIn({ folder: join(state, "environments"), mostBytes: 1e9, clock: systemClock }, housing, log);
}

test("a setup in a sandbox puts a program of its own in no place from which its worker starts one", async () => {
  const outside = join(temporaryFolder(), "outside");
  const file = `#!/bin/sh\n: > ${outside}\nexec /usr/bin/bwrap "$@"\n`;
  const plant = `for name in bwrap sh perl; do printf '%s' '${file}' > $VIRTUAL_ENV/bin/$name; chmod +x $VIRTUAL_ENV/bin/$name; done`;
  const commands = [["/bin/sh", "-c", plant], ["true"]];
  const wish = { commands, python: null, code: null, network: false };
  const { environment, release } = await boxedEnvironments().ready(wish, new Ending());
  release();
  assert.ok(existsSync(join(environment.folder, "bin/bwrap")), "it was put there");
  assert.ok(!existsSync(outside), "and was started outside");
});

test("code that puts itself into its job's environment gets into no other author's with that setup", async () => {
  const environments = boxedEnvironments();
  const poison = "import os; open(os.environ['VIRTUAL_ENV'] + '/poisoned', 'w')\n";
  const codeWith = (text: string, sha256: string) => {
    const folder = temporaryFolder();
    // Modules that a setup, or the making of its environment, might import from the folder in which it starts.
    for (const name of ["pip.py", "venv.py", "json.py"]) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "requirements.txt"), "");
    return { folder, sha256 };
  };
  const isPoisoned = async (commands: string[][], code: { folder: string; sha256: string }) => {
    const wish = { commands, python: null, code, network: false };
    const { environment, release } = await environments.ready(wish, new Ending());
    release();
    return existsSync(join(environment.folder, "poisoned"));
  };
  const [hostile, honest] = [codeWith(poison, "a"), codeWith("", "b")];
  const module = [["python", "-m", "json"]];
  assert.deepEqual([await isPoisoned(module, hostile), await isPoisoned(module, honest)], [true, false]);
  assert.equal(await isPoisoned([["python", "-m", "pip", "install", "-r", "requirements.txt"]], hostile), false);
});

test("a worker with a sandbox looks for Python and uv with its own HOME, not with that of a sandbox", async () => {
  const tools = temporaryFolder();
  const python = `#!/bin/sh
if [ "$1" = -I ]; then echo $HOME >> "${tools}/homes"; echo '["3.97.2", "${tools}/python3", "${tools}"]'; exit 0; fi
for last; do :; done
mkdir -p "$last/bin"; cp "$0" "$last/bin/python"
`;
  writeFileSync(join(tools, "python3"), python, { mode: 0o755 });
  writeFileSync(join(tools, "uv"), `#!/bin/sh\necho $HOME >> "${tools}/homes"; exit 1\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env["PATH"] = `${tools}:${PATH}`;
  const environments = boxedEnvironments();
  process.env["PATH"] = PATH;
  const wish = { commands: [], python: "3.97", code: null, network: false };
  const { release } = await environments.ready(wish, new Ending());
  release();
  const { HOME = "" } = process.env;
  assert.deepEqual(readFileSync(join(tools, "homes"), "utf8").split("\n"), [HOME, HOME, HOME, ""]);
});

test("a worker finds the Pythons of pyenv in its PYENV_ROOT, with a sandbox and without", async () => {
  const [root, tools] = [temporaryFolder(), temporaryFolder()];
  const base = join(root, "versions/3.98.1");
  mkdirSync(join(base, "bin"), { recursive: true });
  const python = `#!/bin/sh\necho '["3.98.1", "${base}/bin/python3", "${base}"]'\n`;
  writeFileSync(join(base, "bin/python3"), python, { mode: 0o755 });
  writeFileSync(join(tools, "uv"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const { PATH, PYENV_ROOT } = process.env;
  Object.assign(process.env, { PATH: `${tools}:${PATH}`, PYENV_ROOT: root });
  const workers = [boxedEnvironments(), boxedEnvironments(false)];
  process.env["PATH"] = PATH;
  if (PYENV_ROOT === undefined) delete process.env["PYENV_ROOT"];
  else process.env["PYENV_ROOT"] = PYENV_ROOT;
  for (const environments of workers) {
    const wish = { commands: [], python: "3.98", code: null, network: false };
    const { environment, release } = await environments.ready(wish, new Ending());
    release();
    assert.equal(environment.base, base);
  }
});

test("a run in a sandbox has the Python of the active environment, to read, and nothing beside it", () => {
  const home = temporaryFolder();
  /** An environment of a Python whose folder is `base`, as uv and pyenv make them: its `python3` is a link. */
  const environmentOf = (base: string): string => {
    const [environment, folder] = [join(home, "environments", base), join(home, base)];
    const python = join(folder, "bin/python3");
    for (const path of [join(environment, "bin"), join(folder, "bin"), join(folder, "lib/python3.97")])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(folder, "lib/python3.97/os.py"), "its own modules");
    writeFileSync(python, `#!/bin/sh\ncat ${folder}/lib/python3.97/os.py; : > ${folder}/written\n`, { mode: 0o755 });
    symlinkSync(python, join(environment, "bin/python3"));
    writeFileSync(join(environment, "pyvenv.cfg"), `home = ${folder}/bin\nversion = 3.97.2\n`);
    return environment;
  };
  const { HOME, VIRTUAL_ENV } = process.env;
  const boxed = (environment: string, ...command: string[]): string => {
    Object.assign(process.env, { HOME: home, VIRTUAL_ENV: environment });
    const { sandbox } = boxedHousing().housing;
    for (const [name, value] of Object.entries({ HOME, VIRTUAL_ENV }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    const room = { writable: [], readable: [], network: false, gpus: false };
    const [program = "", ...words] = sandbox?.around(command, room) ?? [];
    return spawnSync(program, words, { encoding: "utf8" }).stdout;
  };
  const [uv, local] = [environmentOf(".pyenv/versions/3.97.2"), environmentOf(".local")];
  for (const name of [".pyenv/secret", ".local/secret", ".local/bin/secret", ".local/lib/secret"])
    writeFileSync(join(home, name), "secret");
  assert.equal(boxed(uv, join(uv, "bin/python3")), "its own modules");
  assert.ok(!existsSync(join(home, ".pyenv/versions/3.97.2/written")));
  assert.equal(boxed(uv, "cat", join(home, ".pyenv/secret")), "");
  const inLocal = ["*", "bin/*", "lib/*"].map((names) => join(home, ".local", names)).join(" ");
  const shown = ["bin", "lib", "bin/python3", "lib/python3.97"].map((name) => join(home, ".local", name));
  assert.equal(boxed(local, join(local, "bin/python3")), "its own modules");
  assert.deepEqual(boxed(local, "sh", "-c", `echo ${inLocal}`).trim().split(" "), shown, "nothing else of ~/.local");
  // As uv makes it for people to type, and a venv that was made by typing it.
  const [typed, linked] = [join(home, ".local/bin/python3.97"), join(home, "environments/linked")];
  const installed = join(home, ".pyenv/versions/3.97.2/bin/python3");
  mkdirSync(join(linked, "bin"), { recursive: true });
  symlinkSync(installed, typed);
  symlinkSync(typed, join(linked, "bin/python"));
  writeFileSync(join(linked, "pyvenv.cfg"), `home = ${home}/.local/bin\n`);
  assert.equal(boxed(linked, "sh", "-c", `${linked}/bin/python; realpath ${typed}`), `its own modules${installed}\n`);
});

test("a run that may read the owner's settings reads no service's file there: it has values of --pass-env", () => {
  const config = temporaryFolder();
  const [settings, unit] = [join(config, "settings"), join(config, "systemd/user/nexus-worker-ws1.service")];
  mkdirSync(join(config, "systemd/user"), { recursive: true });
  for (const file of [settings, unit]) writeFileSync(file, file);
  const { XDG_CONFIG_HOME } = process.env;
  process.env["XDG_CONFIG_HOME"] = config;
  const { sandbox } = boxedHousing([config]).housing;
  if (XDG_CONFIG_HOME === undefined) delete process.env["XDG_CONFIG_HOME"];
  else process.env["XDG_CONFIG_HOME"] = XDG_CONFIG_HOME;
  const read = (file: string): string => {
    const room = { writable: [], readable: [], network: false, gpus: false };
    const [program = "", ...words] = sandbox?.around(["cat", file], room) ?? [];
    return spawnSync(program, words, { encoding: "utf8" }).stdout;
  };
  assert.deepEqual([read(settings), read(unit)], [settings, ""]);
});
