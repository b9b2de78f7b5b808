import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { collectCode } from "../../../../coordinator/cli/submit/collect-code.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { loadSpecFile } from "../../../../shared/components/component-defaults.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { SpecError, UsageError } from "../../../../shared/errors.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { codeFilesIn, packCode } from "../../../../shared/wire/code-bundle.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import { sha256Of } from "../../../../shared/wire/sealed-chunks.ts";
import { createComponent, useOwnComponents } from "../../../../worker/components/registry.ts";
import { dropCode, unpackCode } from "../../../../worker/own-code/own-code.ts";
import { stageFactory } from "../../../../worker/stages/registry.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { claim, TestReign } from "../../../support/stories/reign.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, text = path) => ({ path, isExecutable: false, bytes: bytes(text) });

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const spec = (component: string, code = "[]"): string => `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random, total_runs: 2, code: ${code}}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage: {component: ${component}, value: *a}
`;

describe("a bundle of code", () => {
  test("a bundle of code unpacks to what was packed, and its name depends only on its content", () => {
    const files = [file("lib/b.py"), { ...file("run.sh"), isExecutable: true }, file("a.py")];
    const bundle = packCode(files);
    assert.equal(bundle.files, 3);
    assert.equal(packCode([...files].reverse()).sha256, bundle.sha256);
    assert.deepEqual(
      codeFilesIn(bundle).map(({ path, isExecutable, bytes: found }) => [
        path,
        isExecutable,
        Buffer.from(found).toString(),
      ]),
      [
        ["a.py", false, "a.py"],
        ["lib/b.py", false, "lib/b.py"],
        ["run.sh", true, "run.sh"],
      ],
    );
  });

  test("a bundle of code that is damaged, leaves its folder or expands too far is refused", () => {
    const bundle = packCode([file("a.py")]);
    const damaged = Uint8Array.from(bundle.zipped);
    damaged[12] = (damaged[12] ?? 0) ^ 1;
    assert.throws(() => codeFilesIn({ ...bundle, zipped: damaged }), BadMessage);
    assert.throws(() => codeFilesIn({ ...bundle, files: 2 }), BadMessage);
    for (const path of ["../a.py", "/etc/a", "a//b", "a\\b", "."])
      assert.throws(() => codeFilesIn(packCode([file(path)])), BadMessage, path);
    const bomb = gzipSync(encode([1, [["a", false, new Uint8Array(70 * 1024 ** 2)]]]));
    assert.throws(() => codeFilesIn({ sha256: sha256Of(bomb), files: 1, zipped: bomb }), /cannot be unzipped/);
  });

  test("a bundle of code is unpacked once, readable only by its owner, and deleted at the next start", () => {
    const stateDir = temporaryFolder();
    const bundle = packCode([
      file("processors/My_Proc.js", "export default 1"),
      { ...file("go.sh"), isExecutable: true },
    ]);
    const folder = unpackCode(stateDir, bundle);
    assert.equal(unpackCode(stateDir, bundle), folder);
    assert.deepEqual(readdirSync(folder).sort(), ["go.sh", "package.json", "processors"]);
    assert.equal(readFileSync(join(folder, "package.json"), "utf8"), '{"type":"module"}\n');
    assert.equal(statSync(join(folder, "go.sh")).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "processors/My_Proc.js")).mode & 0o777, 0o600);
    dropCode(stateDir);
    assert.deepEqual(readdirSync(stateDir), []);
  });
});

describe("the code that a spec brings along", () => {
  test("a spec brings along its components' folders and the files that it names, without what is not code", () => {
    const folder = temporaryFolder();
    write(folder, {
      "search.yaml": spec("processors/My_Proc", "[lib, run.sh]"),
      "processors/My_Proc/My_Proc.yaml": "component: processors/My_Proc\nvalue: 0\n",
      "processors/My_Proc/My_Proc.js": "export default 1",
      "processors/My_Proc/part.js": "",
      "processors/Other/Other.yaml": "component: processors/Other\nvalue: 0\n",
      "lib/a.py": "",
      "lib/__pycache__/a.pyc": "",
      "lib/.git/config": "",
      "run.sh": "",
      "data.csv": "",
    });
    chmodSync(join(folder, "run.sh"), 0o755);
    symlinkSync("/etc/passwd", join(folder, "lib/link"));
    const { spec: read } = loadSpecFile(join(folder, "search.yaml"));
    const bundle = collectCode(read);
    assert.ok(bundle);
    assert.deepEqual(
      codeFilesIn(bundle).map(({ path, isExecutable }) => [path, isExecutable]),
      [
        ["lib/a.py", false],
        ["processors/My_Proc/My_Proc.js", false],
        ["processors/My_Proc/My_Proc.yaml", false],
        ["processors/My_Proc/part.js", false],
        ["run.sh", true],
      ],
    );
  });

  test("a spec that needs no code brings none along, and what is wrong with it is named", () => {
    const folder = temporaryFolder();
    const at = (text: string) => {
      write(folder, { "search.yaml": text });
      return collectCode(loadSpecFile(join(folder, "search.yaml")).spec);
    };
    assert.equal(at(spec("processors/Probe_Proc")), undefined);
    const refused = (code: string, message: RegExp): void => {
      assert.throws(
        () => at(spec("processors/Probe_Proc", code)),
        (error: Error) => error instanceof UsageError && message.test(error.message),
        code,
      );
    };
    refused(
      "[train.py]",
      /search\.yaml: code: "train\.py": there is no such file or folder beside the spec\n {2}expected/,
    );
    const outside = temporaryFolder();
    write(outside, { secret: "s" });
    symlinkSync(outside, join(folder, "linkdir"));
    refused("[linkdir/secret]", /code: "linkdir\/secret": "linkdir" is a link, which could lead anywhere/);
    refused("[linkdir]", /code: "linkdir": "linkdir" is a link/);
    write(outside, { "P/P.yaml": "value: 1\n", "P/P.js": "export default 1;" });
    symlinkSync(outside, join(folder, "processors"));
    assert.throws(() => at(spec("processors/P")), /search\.yaml: processors\/P: "processors" is a link/);
    refused("[../x]", /"\.\.\/x": it is outside the folder of the spec/);
    const random = randomBytes(900_000); // zipping makes it no smaller
    writeFileSync(join(folder, "data.bin"), random);
    refused("data.bin", /its 1 code file takes 900 kB; the largest: data\.bin \(900 kB\)\n {2}expected at most/);
    assert.throws(() => at(spec("processors/Probe_Proc", "[1]")), SpecError);
  });
});

describe("a user's component", () => {
  test("a user's component takes precedence over ours, and what it lacks is reported", async () => {
    const folder = temporaryFolder();
    write(folder, {
      "processors/My_Proc/My_Proc.mjs": "export default () => 'mine';",
      "processors/RL_Proc.mjs": "export default () => 'in its place';",
      "processors/Bad_Proc.mjs": "export const nothing = 1;",
    });
    const made = async (name: string) => (await stageFactory(name, folder))(undefined as never);
    assert.equal(await made("processors/My_Proc"), "mine");
    assert.equal(await made("processors/RL_Proc"), "in its place");
    await assert.rejects(
      made("processors/Bad_Proc"),
      /Bad_Proc\.mjs: expected `export default function`, found no default/,
    );
    await assert.rejects(
      made("processors/No_Proc"),
      /there is no code of processors\/No_Proc: expected No_Proc\.js or No_Proc\.mjs/,
    );
    await assert.rejects(stageFactory("processors/My_Proc", null), /there is no code of processors\/My_Proc/);
  });

  test("a user's component can be an agent, a model or an environment, only in runs that bring it", async () => {
    const folder = temporaryFolder();
    write(folder, { "environments/My_Env/My_Env.mjs": "export default (spec) => 'mine, ' + spec.size;" });
    const make = () =>
      createComponent("environments", { component: "environments/My_Env", size: 3 }, undefined as never);
    useOwnComponents(folder);
    try {
      assert.equal(await make(), "mine, 3");
    } finally {
      useOwnComponents(null);
    }
    await assert.rejects(make(), /component "environments\/My_Env" is not one of the environments; expected one of: /);
  });

  test("a job with a user's component is not given to a worker that refuses code", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 2 });
    const table = test_.reign.state.jobs.get(job);
    assert.ok(table);
    table.submitted = { ...table.submitted, code: packCode([file("a.py")]) };
    const refused = await answerClaim(test_.reign, "shy" as WorkerId, claim("c1", "boot", { noCode: true }));
    assert.ok(
      refused?.kind === "wait" && /job1 brings code of its own, and shy takes none \(--no-code\)/.test(refused.reason),
    );
    assert.equal((await answerClaim(test_.reign, "bold" as WorkerId, claim("c2")))?.kind, "assigned");
  });
});
