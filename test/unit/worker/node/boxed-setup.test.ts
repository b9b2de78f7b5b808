import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../../shared/clock.ts";
import { Ending } from "../../../../shared/ending.ts";
import { environmentsIn, housingOf } from "../../../../worker/node/housing.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

/** The environments of a worker with `--sandbox`, below a folder of its own. */
function boxedEnvironments(root = temporaryFolder()) {
  const [state, data] = [join(root, "state/nexus/workers/ws1/m/w"), join(root, "data/nexus/ws1")];
  for (const folder of [state, data]) mkdirSync(folder, { recursive: true });
  const housing = housingOf(state, data, { code: true, sandbox: true, network: false });
  const log = { info: () => undefined, warn: () => undefined };
  return environmentsIn({ folder: join(state, "environments"), mostBytes: 1e9, clock: systemClock }, housing, log);
}

test("a setup in a sandbox puts a program of its own in no place from which its worker starts one", async () => {
  const outside = join(temporaryFolder(), "outside");
  const file = `#!/bin/sh\n: > ${outside}\nexec /usr/bin/bwrap "$@"\n`;
  const plant = `for name in bwrap sh perl; do printf '%s' '${file}' > $VIRTUAL_ENV/bin/$name; chmod +x $VIRTUAL_ENV/bin/$name; done`;
  const commands = [["/bin/sh", "-c", plant], ["true"]];
  const wish = { commands, python: null, codeFolder: null, network: false };
  const { environment, release } = await boxedEnvironments().ready(wish, new Ending());
  release();
  assert.ok(existsSync(join(environment.folder, "bin/bwrap")), "it was put there");
  assert.ok(!existsSync(outside), "and was started outside");
});
