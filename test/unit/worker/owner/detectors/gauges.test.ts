import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Power } from "../../../../../worker/owner/detectors/power.ts";
import { SystemLoad } from "../../../../../worker/owner/detectors/system-load.ts";
import { Temperature } from "../../../../../worker/owner/detectors/temperature.ts";
import { RecordedTree } from "../../../../support/recorded-tree.ts";

const supply = "/sys/class/power_supply";

describe("mains power", () => {
  const laptop = (online: string, status: string) => ({
    [`${supply}/AC/type`]: "Mains",
    [`${supply}/AC/online`]: online,
    [`${supply}/BAT0/type`]: "Battery",
    [`${supply}/BAT0/status`]: status,
    // A mouse.
    [`${supply}/hidpp_battery_0/type`]: "Battery",
    [`${supply}/hidpp_battery_0/scope`]: "Device",
    [`${supply}/hidpp_battery_0/status`]: "Discharging",
  });
  const onBattery = (files: Record<string, string>) => new Power(new RecordedTree(files).files).look().onBattery;

  test("mains power is seen at its plug, and a mouse's battery is none of the machine", () => {
    assert.equal(onBattery(laptop("1", "Charging")), false);
    assert.equal(onBattery(laptop("1", "Not charging")), false);
    assert.equal(onBattery(laptop("0", "Discharging")), true);
    assert.equal(onBattery({}), false, "a machine without batteries has it");
  });

  test("mains power may come by USB, and is missing where a battery discharges and no plug tells", () => {
    const battery = { [`${supply}/BAT0/type`]: "Battery", [`${supply}/BAT0/status`]: "Discharging" };
    const usb = { [`${supply}/ucsi/type`]: "USB", [`${supply}/ucsi/online`]: "1" };
    assert.equal(onBattery(battery), true);
    assert.equal(onBattery({ ...battery, ...usb }), false);
  });

  test("mains power is looked at anew each time", () => {
    const tree = new RecordedTree(laptop("1", "Full"));
    const power = new Power(tree.files);
    assert.equal(power.look().onBattery, false);
    tree.write(`${supply}/AC/online`, "0");
    tree.write(`${supply}/BAT0/status`, "Discharging");
    assert.equal(power.look().onBattery, true);
  });
});

describe("temperature", () => {
  const celsius = (files: Record<string, string>) => new Temperature(new RecordedTree(files).files).look().temperature;

  test("the temperature is that of the hottest sensor in the processor, not of discs and radios", () => {
    const files = {
      "/sys/class/hwmon/hwmon0/name": "nvme",
      "/sys/class/hwmon/hwmon0/temp1_input": "95850",
      "/sys/class/hwmon/hwmon3/name": "coretemp",
      "/sys/class/hwmon/hwmon3/temp1_input": "61000",
      "/sys/class/hwmon/hwmon3/temp2_input": "67000",
      "/sys/class/hwmon/hwmon3/temp2_label": "Core 0",
      "/sys/class/hwmon/hwmon3/temp2_max": "100000",
    };
    assert.equal(celsius(files), 67);
  });

  test("without a sensor's driver the temperature is of a thermal zone, the mainboard's as a last resort", () => {
    const board = {
      "/sys/class/thermal/thermal_zone0/type": "acpitz",
      "/sys/class/thermal/thermal_zone0/temp": "27800",
    };
    const package_ = {
      "/sys/class/thermal/thermal_zone9/type": "x86_pkg_temp",
      "/sys/class/thermal/thermal_zone9/temp": "55000",
      "/sys/class/thermal/thermal_zone4/type": "iwlwifi_1",
      "/sys/class/thermal/thermal_zone4/temp": "77000",
    };
    assert.equal(celsius(board), 27.8);
    assert.equal(celsius({ ...board, ...package_ }), 55);
  });

  test("a temperature that is not plausible does not count, and where there is none nobody knows", () => {
    const broken = { "/sys/class/hwmon/hwmon0/name": "k10temp", "/sys/class/hwmon/hwmon0/temp1_input": "-273150" };
    assert.equal(celsius(broken), undefined);
    assert.equal(celsius({}), undefined);
  });
});

test("where the system tells one load for all, each run in hand is taken off", () => {
  assert.deepEqual(
    new SystemLoad(
      () => 3.5,
      () => 2,
    ).look(),
    { load: 1.5 },
  );
  assert.deepEqual(
    new SystemLoad(
      () => 0.5,
      () => 2,
    ).look(),
    { load: 0 },
  );
});
