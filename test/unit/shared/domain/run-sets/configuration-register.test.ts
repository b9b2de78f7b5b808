import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { configurationKey } from "../../../../../shared/domain/hyperparameter.ts";
import { ConfigurationRegister } from "../../../../../shared/domain/run-sets/configuration-register.ts";

test("a register numbers configurations in the order added, and finds them like a Map of keys", () => {
  const configurations = fc
    .integer({ min: 1, max: 5 })
    .chain((length) =>
      fc.array(fc.array(fc.nat(6), { minLength: length, maxLength: length }), { maxLength: 300, size: "max" }),
    );
  fc.assert(
    fc.property(configurations, (added) => {
      const register = new ConfigurationRegister();
      const expected = new Map<string, number>();
      for (const configuration of added) {
        const key = configurationKey(configuration);
        assert.equal(register.find(configuration), expected.get(key) ?? -1);
        if (!expected.has(key)) expected.set(key, expected.size);
        assert.equal(register.add([...configuration]), expected.get(key));
        assert.equal(register.size, expected.size);
      }
      for (const [key, number] of expected) assert.equal(configurationKey(register.configuration(number)), key);
    }),
  );
});

test("a register finds every one of many neighbouring configurations", () => {
  const register = new ConfigurationRegister();
  for (let i = 0; i < 40_000; i++) register.add([i % 200, Math.floor(i / 200), 3]);
  for (let i = 0; i < 40_000; i++) assert.equal(register.find([i % 200, Math.floor(i / 200), 3]), i);
  assert.equal(register.find([0, 200, 3]), -1);
  assert.equal(register.find([0, 0, 4]), -1);
});

test("a register always gives the same array of a configuration", () => {
  const register = new ConfigurationRegister();
  register.add([1, 2]);
  assert.deepEqual(register.configuration(0), [1, 2]);
  assert.equal(register.configuration(0), register.configuration(0));
});

test("a register restored from another's rows behaves like that one", () => {
  const first = new ConfigurationRegister();
  for (let i = 0; i < 1000; i++) first.add([i % 40, i, 3]);
  const next = new ConfigurationRegister();
  next.add([0, 0, 3]);
  next.restore(first.rows.slice(), first.size);
  assert.equal(next.size, 1000);
  assert.deepEqual(next.configuration(41), [1, 41, 3]);
  assert.equal(next.find([39, 999, 3]), 999);
  assert.equal(next.find([39, 999, 4]), -1);
  assert.equal(next.add([7, 7, 7]), 1000);
  assert.equal(next.add([39, 999, 3]), 999);
});

test("a register holds the one configuration of a job without hyperparameters", () => {
  const register = new ConfigurationRegister();
  assert.equal(register.find([]), -1);
  assert.equal(register.add([]), 0);
  assert.equal(register.add([]), 0);
  assert.deepEqual(register.configuration(0), []);
});

test("a register refuses configurations of another length and invalid positions", () => {
  const register = new ConfigurationRegister();
  register.add([1, 2]);
  assert.throws(() => register.add([1]), /configuration \[1\] has 1 settings; the others of this job have 2/);
  assert.throws(() => register.find([1, 2, 3]), /has 3 settings/);
  assert.throws(() => register.add([1, -1]), /-1 is not a position/);
  assert.throws(() => register.add([0.5, 1]), /0.5 is not a position/);
  assert.throws(() => register.configuration(1), /no configuration number 1 of 1/);
  assert.equal(register.size, 1);
});
