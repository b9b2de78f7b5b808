import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Setting } from "../../shared/domain/hyperparameter.ts";
import type { OwnSearchEars } from "../../shared/domain/search/own-search.ts";
import { eventually } from "../support/patience.ts";
import { JobOfRuns, type OwnSearchImplementation, ranTo, type SearchRig } from "./own-search-rig.ts";

/** What a leader hears of a search. */
class Heard implements OwnSearchEars {
  readonly words: string[] = [];
  /** True while the test calls the search, or opens it. */
  isCalling = false;

  chosen(ask: number, settings: readonly Setting[], why: string): void {
    this.#hear(`${ask}: ${settings.join()} (${why})`);
  }

  later(ask: number, why: string): void {
    this.#hear(`${ask}: later (${why})`);
  }

  finished(ask: number, why: string): void {
    this.#hear(`${ask}: finished (${why})`);
  }

  prune(run: number, why: string): void {
    this.#hear(`prune ${run} (${why})`);
  }

  restarted(): void {
    this.#hear("restarted");
  }

  gaveUp(why: string): void {
    this.#hear(`gave up: ${why}`);
  }

  #hear(words: string): void {
    assert.ok(!this.isCalling, `${words}: heard before the call has returned`);
    this.words.push(words);
  }
}

interface Story {
  readonly job: JobOfRuns;
  readonly rig: SearchRig;
  readonly ears: Heard;
  /** Calls the search, which may tell its ears nothing meanwhile. */
  call(act: (search: SearchRig["search"]) => void): void;
}

export function ownSearchSuite({ name, startsSlowly, open }: OwnSearchImplementation): void {
  /** @param prepare  makes the history from before the search was opened */
  const check = (
    title: string,
    body: (story: Story) => Promise<void>,
    { wantsReports = true, prepare = (_: JobOfRuns): void => undefined } = {},
  ): void => {
    test(title, async () => {
      const job = new JobOfRuns();
      prepare(job);
      const ears = new Heard();
      ears.isCalling = true;
      const rig = await open(job, ears, wantsReports);
      ears.isCalling = false;
      const call: Story["call"] = (act) => {
        ears.isCalling = true;
        act(rig.search);
        ears.isCalling = false;
      };
      try {
        await body({ job, rig, ears, call });
      } finally {
        await rig.end();
      }
    });
  };
  const hears = (ears: Heard, ...words: readonly string[]): Promise<unknown> =>
    eventually(`the leader hears ${words.join("; ")}`, () => ears.words.length >= words.length, {
      seen: () => ears.words.join("\n"),
    }).then(() => assert.deepEqual(ears.words, words));
  const isAsked = ({ heard }: SearchRig, ...asks: readonly number[]): Promise<unknown> =>
    eventually(`question ${asks.join()} is heard`, () => heard.asked.length >= asks.length).then(() =>
      assert.deepEqual(
        heard.asked.map(({ ask }) => ask),
        asks,
      ),
    );

  describe(`the own search of ${name}`, { concurrency: 3 }, () => {
    check("questions are heard in order, each for its run, and answered one by one", async ({ rig, ears, call }) => {
      call((search) => {
        search.ask(1, 11);
        search.ask(2, 12);
      });
      await isAsked(rig, 1, 2);
      assert.deepEqual(rig.heard.asked, [
        { ask: 1, n: 11 },
        { ask: 2, n: 12 },
      ]);
      rig.answer([3, 1], "a guess");
      await hears(ears, "1: 4,y (a guess)");
      call((search) => search.ask(3, 13));
      await isAsked(rig, 2, 3);
      rig.later("one more result");
      rig.finish("all is known");
      await hears(ears, "1: 4,y (a guess)", "2: later (one more result)", "3: finished (all is known)");
    });

    check("runs, refusals, exclusions and new marks are heard in order", async ({ rig, call }) => {
      call((search) => search.ask(1, 1));
      await isAsked(rig, 1);
      const runs = [ranTo(1, [0, 0], 1, 0.5), ranTo(2, [1, 1], null, -3)];
      call((search) => {
        for (const run of runs) search.tell(run);
        search.refuse(1, "it failed too often");
        search.exclude([2, 0]);
        search.grown();
      });
      await eventually("it has heard of the marks", () => rig.heard.grownTimes === 1);
      assert.deepEqual(rig.heard.told, runs);
      assert.deepEqual(rig.heard.refused, [{ ask: 1, why: "it failed too often" }]);
      assert.deepEqual(rig.heard.excluded, [[2, 0]]);
    });

    for (const wantsReports of [true, false]) {
      check(
        wantsReports ? "a search that wants reports hears them" : "a search that wants no reports hears none",
        async ({ rig, ears, call }) => {
          if (startsSlowly) assert.equal(rig.search.wantsReports, false, "nobody knows yet");
          call((search) => search.ask(1, 1));
          await isAsked(rig, 1);
          assert.equal(rig.search.wantsReports, wantsReports);
          call((search) => {
            search.report(1, 10, 0.25);
            search.report(1, 20, Number.NEGATIVE_INFINITY);
            search.grown();
          });
          await eventually("what came behind is heard", () => rig.heard.grownTimes === 1);
          const reported = [
            [1, 10, 0.25],
            [1, 20, Number.NEGATIVE_INFINITY],
          ];
          assert.deepEqual(rig.heard.reported, wantsReports ? reported : []);
          rig.prune(1, "hopeless");
          await hears(ears, "prune 1 (hopeless)");
        },
        { wantsReports },
      );
    }

    const past = [ranTo(-1, [0, 1], null, 1), ranTo(1, [1, 1], null, 2)];
    const withPast = {
      prepare: (job: JobOfRuns): void => {
        job.past.push(...past);
        job.failed.push([3, 0]);
      },
    };
    check(
      "it hears the history before any question, and no run is missed while it starts",
      async ({ job, rig, call }) => {
        const next = ranTo(2, [2, 0], null, 3);
        call((search) => {
          job.past.push(next);
          search.tell(next);
          search.ask(1, 3);
        });
        await isAsked(rig, 1);
        assert.deepEqual(rig.heard.told, [...past, next]);
        assert.deepEqual(rig.heard.excluded, [[3, 0]]);
      },
      withPast,
    );

    check(
      "after its death it hears the history anew, and its open questions are forgotten",
      async ({ job, rig, ears, call }) => {
        call((search) => search.ask(1, 2));
        await isAsked(rig, 1);
        rig.die();
        await hears(ears, "restarted");
        const next = ranTo(2, [2, 0], null, 3);
        call((search) => {
          job.past.push(next);
          search.tell(next);
          search.ask(2, 2);
        });
        await isAsked(rig, 2);
        assert.deepEqual(rig.heard.told, [...past, ...past, next]);
        rig.answer([0, 0], "again");
        await hears(ears, "restarted", "2: 1,x (again)");
      },
      withPast,
    );

    check("one that gives up says why, and then says and hears nothing", async ({ rig, ears, call }) => {
      call((search) => search.ask(1, 1));
      await isAsked(rig, 1);
      rig.giveUp("no idea is left");
      await eventually("it gives up", () => ears.words.length > 0);
      assert.match(ears.words.join("\n"), /^gave up: .*no idea is left/);
      call((search) => {
        search.tell(ranTo(1, [0, 0], 1, 1));
        search.grown();
        search.close();
      });
      assert.equal(ears.words.length, 1);
      assert.deepEqual([rig.heard.told, rig.heard.grownTimes], [[], 0]);
    });

    check("closed, it says nothing more, and hears nothing", async ({ rig, ears, call }) => {
      call((search) => search.ask(1, 1));
      await isAsked(rig, 1);
      call((search) => search.close());
      call((search) => {
        search.close();
        search.tell(ranTo(1, [0, 0], 1, 1));
        search.ask(2, 2);
      });
      rig.answer([0, 0], "too late");
      rig.prune(1, "too late");
      await rig.end();
      assert.deepEqual(ears.words, []);
      assert.deepEqual(rig.heard.told, []);
    });

    check("it can always say what it is doing, to follow the words 'its search'", async ({ rig, call }) => {
      const said = [rig.search.doing()];
      call((search) => search.ask(1, 1));
      await isAsked(rig, 1);
      said.push(rig.search.doing());
      call((search) => search.close());
      said.push(rig.search.doing());
      for (const each of said) assert.match(each, /^[a-z]/);
    });
  });
}
