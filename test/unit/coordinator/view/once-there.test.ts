import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onceThere } from "../../../../coordinator/view/once-there.ts";
import { UnreachableError } from "../../../../shared/errors.ts";
import { BusError } from "../../../../shared/ports.ts";

const clock = { pause: async () => undefined };
const missing = () => new BusError("refused", "JRN: the broker refused it: stream not found (10059)");

describe("a view of new peers, whose streams are still being made", () => {
  test("a view of new peers asks again until their streams are there", async () => {
    let asked = 0;
    const read = async (): Promise<number> => {
      asked += 1;
      if (asked < 4) throw missing();
      return 7;
    };
    assert.equal(await onceThere(read, clock), 7);
    assert.equal(asked, 4);
  });

  test("a view of new peers says after a while that there is no stream, and that is no bug", async () => {
    await assert.rejects(
      onceThere(() => Promise.reject(missing()), clock),
      (error) => error instanceof UnreachableError && /stream not found .*; try again$/.test(error.message),
    );
  });

  test("a view of new peers does not ask again after anything but a missing stream", async () => {
    let asked = 0;
    const read = (): Promise<number> => {
      asked += 1;
      return Promise.reject(new Error("else"));
    };
    await assert.rejects(onceThere(read, clock), /else/);
    assert.equal(asked, 1);
  });
});
