import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Detector, Found, Now } from "../../../worker/owner/detectors/detector.ts";
import type { DetectorImplementation, DetectorRig } from "./detector-rigs.ts";

/** Looks after which each detector knows its machine: 10 s of the one that looks most often. */
const enough = 40;

/** Looks at a machine as the owner's watch does, whenever the detector's time has passed. */
class Looks {
  #ms = 1000;
  readonly now = (): Now => ({ wall: Date.UTC(2026, 10, 29) + this.#ms, monotonic: this.#ms });

  async next(detector: Detector, pass?: () => void): Promise<Found> {
    this.#ms += detector.everyMs;
    pass?.();
    const found = detector.look(this.now());
    // Lets what the detector does on its own take effect before the next look.
    await setImmediate();
    return found;
  }

  /** What the detector finds once it knows its machine. */
  async settled({ detector, pass }: Pick<DetectorRig, "detector" | "pass">): Promise<Found> {
    for (let i = 0; i < enough; i += 1) await this.next(detector, pass);
    return this.next(detector, pass);
  }
}

export function detectorSuite({ name, start, absent }: DetectorImplementation): void {
  describe(`the detector of ${name}`, () => {
    test(`the detector of ${name} gives the same object while nothing is new`, async () => {
      const looks = new Looks();
      const rig = start(looks.now);
      const found = await looks.settled(rig);
      for (let i = 0; i < enough; i += 1) assert.equal(await looks.next(rig.detector, rig.pass), found);
      rig.detector.close();
    });

    test(`the detector of ${name} gives another object once something is new, and no use to come`, async () => {
      const looks = new Looks();
      const rig = start(looks.now);
      const before = await looks.settled(rig);
      rig.show();
      let found = before;
      for (let i = 0; i < enough && isDeepStrictEqual(found, before); i += 1)
        found = await looks.next(rig.detector, rig.pass);
      assert.notDeepEqual(found, before);
      if (found.use) {
        assert.ok(found.use.at <= looks.now().monotonic && found.use.at > (before.use?.at ?? 0));
        assert.notEqual(found.use.what, "");
      }
      rig.detector.close();
    });

    if (absent)
      test(`the detector of ${name} gives nothing where there is nothing to find`, async () => {
        const looks = new Looks();
        const detector = absent(looks.now);
        const { onBattery = false, ...rest } = await looks.settled({ detector });
        assert.deepEqual({ onBattery, ...rest }, { onBattery: false });
        detector.close();
      });

    test(`the detector of ${name} ends with close() what it does on its own`, async () => {
      const looks = new Looks();
      const rig = start(looks.now);
      await looks.settled(rig);
      assert.ok((rig.running?.() ?? 1) > 0);
      rig.detector.close();
      assert.equal(rig.running?.() ?? 0, 0);
    });
  });
}
