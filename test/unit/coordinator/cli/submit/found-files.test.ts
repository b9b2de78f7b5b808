import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join, parse, sep } from "node:path";
import { describe, test } from "node:test";
import { findCode, findInputs } from "../../../../../coordinator/cli/submit/collect-code.ts";
import { FoundFiles } from "../../../../../coordinator/cli/submit/found-files.ts";
import { isIgnored, readPatterns } from "../../../../../coordinator/cli/submit/ignore-patterns.ts";
import { loadSpecFile } from "../../../../../shared/components/component-defaults.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

/** Each pattern, paths that it leaves out, and paths that it keeps; a folder ends in a slash. */
const cases: readonly [patterns: string, out: readonly string[], kept: readonly string[]][] = [
  ["data", ["data", "data/", "a/data", "a/b/data/"], ["data2", "mydata"]],
  ["data/", ["data/", "a/data/"], ["data"]],
  ["/data", ["data", "data/"], ["a/data"]],
  ["a/data", ["a/data"], ["b/a/data", "data"]],
  ["*.ckpt", ["x.ckpt", "a/b.ckpt", ".ckpt"], ["x.ckpt.py"]],
  ["a/*.py", ["a/x.py"], ["a/b/x.py"]],
  ["**/logs", ["logs", "a/logs", "a/b/logs"], ["logs2"]],
  ["logs/**", ["logs/a", "logs/a/b"], ["logs/"]],
  ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "a/bz"]],
  ["r?n[0-9]", ["run1", "a/ran2"], ["run", "runa", "r/n1"]],
  ["r[!0-9]", ["ra"], ["r1"]],
  ["x[]]", ["x]"], ["x"]],
  ["bad[", ["bad["], ["bad"]],
  ["z[b-a]", [], ["zb", "z[b-a]"]],
  ["\\#a", ["#a"], ["a"]],
  ["# a", [], ["# a", "a"]],
  ["\\!a", ["!a"], ["a"]],
  ["a  ", ["a"], ["a  "]],
  ["a\\ ", ["a "], ["a"]],
  ["*.log\n!keep.log", ["x.log"], ["keep.log", "a/keep.log"]],
  ["a.b+(c)", ["a.b+(c)"], ["aXb+(c)", "a.bb(c)"]],
  ["*.log\r\n", ["x.log"], ["x.log2"]],
  ["/\n!\n", [], ["a"]],
];

describe("patterns of what stays behind", () => {
  test("patterns of what stays behind mean what they mean to Git", () => {
    for (const [text, out, kept] of cases) {
      const patterns = readPatterns(text, "");
      const ignored = (path: string): boolean => isIgnored(patterns, path.replace(/\/$/, ""), path.endsWith("/"));
      for (const path of out) assert.ok(ignored(path), `${JSON.stringify(text)} leaves out ${path}`);
      for (const path of kept) assert.ok(!ignored(path), `${JSON.stringify(text)} keeps ${path}`);
    }
    const below = readPatterns("/x", "a/b");
    assert.deepEqual(
      ["a/b/x", "x", "a/b/c/x"].map((path) => isIgnored(below, path, false)),
      [true, false, false],
    );
  });
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const spec = (job: string): string => `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: random, total_runs: 2, ${job}}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2]
      tuned_value: 1
processing_stages:
  - processing_stage: {component: processors/Probe_Proc, value: *a}
`;

const at = (folder: string, job: string) => {
  write(folder, { "search.yaml": spec(job) });
  return loadSpecFile(join(folder, "search.yaml")).spec;
};

describe("what travels with a job", () => {
  test("a job takes along what neither .gitignore files, up to the repository's, nor its spec leave out", () => {
    const repository = temporaryFolder();
    const folder = join(repository, "experiments/one");
    write(repository, {
      ".git/HEAD": "",
      ".gitignore": "wandb/\n/experiments/one/secret.txt\n*.tmp\n",
      "experiments/.gitignore": "*.ckpt\n",
      "experiments/one/.gitignore": "/results\n",
      "experiments/one/lib/.gitignore": "gen\n",
      "experiments/one/train.py": "",
      "experiments/one/secret.txt": "",
      "experiments/one/a.tmp": "",
      "experiments/one/wandb/log": "",
      "experiments/one/results/x": "",
      "experiments/one/best.ckpt": "",
      "experiments/one/lib/a.py": "",
      "experiments/one/lib/gen/b.py": "",
      "experiments/one/lib/results/c.py": "",
      "experiments/one/venv/pyvenv.cfg": "",
      "experiments/one/venv/lib/x.py": "",
      "experiments/one/data/big": "0123456789",
      "experiments/one/keep/gen2": "",
    });
    symlinkSync("/etc/passwd", join(folder, "link"));
    const found = findCode(at(folder, 'code: [.], ignore: [data/, "search.yaml", "!a.tmp"]'));
    assert.deepEqual(
      found?.files.map(({ path }) => path),
      ["a.tmp", "keep/gen2", "lib/a.py", "lib/results/c.py", "train.py"],
    );
    assert.equal(found?.leftOut, "1 link (link), 7 that .gitignore or ignore names");
    // What the spec names itself travels; below it, only files that a pattern names stay behind.
    const named = findCode(at(folder, "code: [results, secret.txt, best.ckpt, lib/gen]"));
    assert.deepEqual(
      named?.files.map(({ path }) => path),
      ["best.ckpt", "lib/gen/b.py", "results/x", "secret.txt"],
    );
    // Data files count although .gitignore names them, as it usually does.
    const data = findInputs(at(folder, "inputs: [data, results]"));
    assert.deepEqual([data?.count, data?.bytes], [2, 10]);
    assert.throws(
      () => findInputs(at(folder, "inputs: [nothing]")),
      /inputs: "nothing": there is no such file or folder/,
    );
    assert.equal(findInputs(at(folder, "inputs: []")), undefined);
  });

  test("a spec in the root folder takes its code along too, and none takes what lies outside", () => {
    const folder = realpathSync(temporaryFolder());
    write(folder, { "code.py": "", "..odd/x.py": "" });
    const path = join(folder, "code.py").slice(parse(folder).root.length);
    const spec = at(folder, `code: [${JSON.stringify(path)}]`);
    const found = findCode({ ...spec, file: join(parse(folder).root, "search.yaml") });
    assert.deepEqual(
      found?.files.map((file) => file.path),
      [path.split(sep).join("/")],
    );
    assert.equal(findCode(at(folder, "code: [..odd]"))?.count, 1);
    for (const outside of ["..", "../x", "/"])
      assert.throws(() => findCode(at(folder, `code: [${outside}]`)), /it is outside the folder of the spec/);
  });

  test("code that is too large is refused before anything is read, with what to leave out", () => {
    const folder = temporaryFolder();
    write(folder, { "code/train.py": "", "code/data/big.bin": "", "code/runs/1/model": "", "code/small/x": "1" });
    // Sparse files: no room on the disk, but 3 GB of memory if they were read.
    truncateSync(join(folder, "code/data/big.bin"), 2_900_000_000);
    truncateSync(join(folder, "code/runs/1/model"), 100_000_000);
    assert.throws(
      () => findCode(at(folder, "code: [code]")),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(
          error.message.replace(folder, "."),
          "./search.yaml: code: 3000 MB in 4 files; nothing was read\n" +
            "  expected at most 2000 MB in 20000 files; the largest: code/data/ (2900 MB in 1 file), code/runs/ (100 MB in 1 file), code/small/ (1 kB in 1 file)\n" +
            "  leave out what the runs do not need, in job_launcher:  ignore: [code/data/]\n" +
            "  or list data that they read under `inputs`, or put it where the workers can read it",
        );
        return true;
      },
    );
    assert.equal(findCode(at(folder, "code: [code], ignore: [code/data/]"))?.count, 3);
  });

  test("a job takes along no file whose name another platform cannot write, and no ignored folder", () => {
    const folder = temporaryFolder();
    write(folder, { "lib/what?.py": "" });
    assert.throws(
      () => findCode(at(folder, "code: [lib]")),
      /lib\/what\?\.py cannot be shipped: its name has .* one of/,
    );
    const found = new FoundFiles(folder, { ignore: ["lib"], obeysGit: true });
    found.add(folder);
    assert.equal(found.count, 1, "the spec itself");
  });
});
