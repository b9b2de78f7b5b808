import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import { encodeEvidence, type ReportRow } from "../../../shared/wire/messages.ts";
import { evidence } from "../../../shared/wire/subjects.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { workerOf } from "../../support/stories/job-story.ts";
import { type ToldMessage, tellWorkspace } from "../../support/stories/told-workspace.ts";
import { job278, job289, tutorialRows } from "../../support/stories/tutorial-jobs.ts";

/** The tutorial's two jobs in a real store, with ten reports from each of the twenty unbiased runs. */
const folder = temporaryFolder();

before(async () => {
  const story = job289();
  const runs = tutorialRows("list-runs-job289.txt").filter(({ values }) => values !== null);
  const messages = runs.map(({ run, values }, i): ToldMessage => {
    const last = values?.["s1-rew"] ?? 0;
    const reports = Array.from({ length: 10 }, (_, k): ReportRow => {
      const rew = k === 3 && i === 0 ? Number.NaN : (last * (k + 1)) / 10;
      return [1, (k + 1) * 10_000, (k + 1) / 90, [rew, rew * 10], [10_000, 5]];
    });
    return {
      subject: evidence(workerOf(run), story.job, i + 1, "report"),
      data: encodeEvidence({ attempt: 1, reports }),
    };
  });
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
  await tellWorkspace(paths, [...job278().events, ...story.events], messages);
});

const plot = (...words: string[]) => nexus(["plot", ...words], folder, { LANG: "C.UTF-8", LC_ALL: "", NO_COLOR: "" });

test("the tutorial's plot is text where it is piped, and an SVG that holds the words that made it", async () => {
  const tutorial = ["job289", "s1-rew", "--aggre=mean", "--group=job", "--shadow-type=std"];
  const text = await plot(...tutorial);
  assert.equal(text.code, exitCode.done, text.stderr);
  assert.match(text.stdout, /job289: s1-rew\n── job289 \(mean of 20 runs\)\ns1-rew\n/);
  assert.match(text.stdout, /[\u2801-\u28ff]{10}/);
  assert.match(text.stdout, /iterations\nband: ± standard deviation over runs\n19 to 20 runs at a place: /);
  assert.ok(!text.stdout.includes("\u001b"), "no colours in a pipe");
  const saved = await plot(...tutorial, "--save-to=out/job289.svg");
  assert.deepEqual([saved.code, saved.stdout, saved.stderr], [exitCode.done, "", "out/job289.svg written\n"]);
  const svg = readFileSync(join(folder, "out/job289.svg"), "utf8");
  assert.match(svg, /&quot;command&quot;:&quot;nexus plot job289 s1-rew --aggre=mean --group=job --shadow-type=std /);
  assert.match(svg, /&quot;runs&quot;:&quot;job289&quot;/);
  assert.doesNotMatch(svg, /NaN/);
});

test("nexus plot draws a search's summary, and a metric against a hyperparameter as PNG", async () => {
  const summary = await plot("summary", "job278");
  assert.match(summary.stdout, /job278: best configuration so far[\s\S]*best for the last \d+ of 18 runs: seqlen=/);
  const against = await plot("job278", "hpmax", "--x=lr", "--save-to=lr.png", "--dpi=96");
  assert.equal(against.code, exitCode.done, against.stderr);
  assert.equal(readFileSync(join(folder, "lr.png")).readUInt32BE(0), 0x89504e47);
});

test("nexus plot ends with 2 or 3 and the nearest names for what is not there", async () => {
  const wrong: [string[], number, RegExp][] = [
    [
      ["job289", "s1-rwe"],
      exitCode.usage,
      /no metric "s1-rwe"; did you mean s1-rew\?\n {2}there are: s1-hrs, s1-rew, s1-win/,
    ],
    [["heatmap", "job278", "lr", "unit"], exitCode.usage, /no hyperparameter "unit"; did you mean units\?/],
    [
      ["sumary", "job278"],
      exitCode.usage,
      /^there is no plot "sumary"; did you mean: nexus plot summary job278\n.*no column "sumary"/,
    ],
    [["summary", "job9"], exitCode.notFound, /there is no job9 in workspace ws1/],
  ];
  for (const [words, code, message] of wrong) {
    const ended = await plot(...words);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
    assert.equal(ended.stdout, "");
  }
});

test("a plot that cannot be written leaves the file that was there, and nothing beside it", async () => {
  mkdirSync(join(folder, "full"), { recursive: true });
  writeFileSync(join(folder, "full/plot.svg"), "the old one");
  mkdirSync(join(folder, "full/taken.svg"));
  const taken = await plot("job278", "hpmax", "--save-to=full/taken.svg");
  assert.equal(taken.code, exitCode.usage);
  assert.match(taken.stderr, /--save-to=full\/taken\.svg: cannot be written/);
  const unknown = await plot("job278", "hpmx", "--save-to=full/plot.svg");
  assert.match(unknown.stderr, /no column "hpmx"; did you mean hpmax\?/);
  assert.equal(readFileSync(join(folder, "full/plot.svg"), "utf8"), "the old one");
  assert.deepEqual(readdirSync(join(folder, "full")).sort(), ["plot.svg", "taken.svg"]);
});
