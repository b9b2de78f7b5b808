import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { initFrom } from "../../../../../coordinator/cli/init/init-from.ts";
import { loadSpecFile } from "../../../../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

describe("the code that nexus init lists", () => {
  test("nexus init lists what a script's packages import, and those whose modules lie deeper", () => {
    const folder = temporaryFolder();
    const files = {
      "train.py": "import datasets\nfrom models.net import Net\nfrom src.core.loop import run\nimport logs.old\n",
      "models/net.py": "from . import other\nfrom utils import x\n",
      "utils.py": 'import extras\nprint(f"{extras}")\n',
      "extras.py": "import models\n",
      "src/core/loop.py": "",
      // Not meant: a package of the same name, a module beside net.py, a folder without Python.
      "datasets/raw/note.py": "",
      "other.py": "",
      "logs/old/run.txt": "",
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const target = join(folder, "t.yaml");
    initFrom(join(folder, "train.py"), target, { note: () => undefined, result: () => undefined });
    assert.deepEqual(loadSpecFile(target, {}).spec.settings.code, [
      "train.py",
      "models",
      "utils.py",
      "extras.py",
      "src",
    ]);
  });

  test("nexus init takes Hydra's configuration along from beside a script's folder, or says that it cannot", () => {
    const folder = temporaryFolder();
    for (const name of ["src", "configs"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "configs", "config.yaml"), "lr: 0.1\n");
    const script = join(folder, "src", "train.py");
    const main = '@hydra.main(config_path="../configs", config_name="config")\ndef main(cfg):\n    pass\n';
    writeFileSync(script, `import hydra\n${main}`);
    const init = (target: string): readonly [code: readonly string[], said: string] => {
      const notes: string[] = [];
      initFrom(script, join(folder, target), { note: (text) => void notes.push(text), result: () => undefined });
      return [loadSpecFile(join(folder, target), {}).spec.settings.code, notes.join("")];
    };
    const [code, said] = init("search.yaml");
    assert.deepEqual(code, ["src/train.py", "configs"]);
    assert.match(said, /dials lr;/);
    assert.doesNotMatch(said, /travel/);
    const [below, why] = init("src/search.yaml");
    assert.deepEqual(below, ["train.py"]);
    assert.match(
      why,
      /note: \.\.\/configs does not travel, since it is outside of the spec's folder: write the spec above it\n/,
    );
  });
});
