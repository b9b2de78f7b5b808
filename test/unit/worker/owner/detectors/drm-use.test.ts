import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DrmUse } from "../../../../../worker/owner/detectors/drm-use.ts";
import { RecordedTree } from "../../../../support/recorded-tree.ts";

/** What the kernel says of an open GPU, in each driver's words. */
const told = {
  amdgpu: (busyMs: number, client = 12): string => `pos:\t0
flags:\t02100002
mnt_id:\t26
ino:\t561
drm-driver:\tamdgpu
drm-client-id:\t${client}
drm-pdev:\t0000:0b:00.0
pasid:\t32771
drm-memory-vram:\t1826520 KiB
drm-memory-gtt: \t16384 KiB
drm-engine-gfx:\t${1_000_000_000 + busyMs * 1e6} ns
drm-engine-compute:\t5000000 ns`,
  i915: (busyMs: number): string => `pos:\t0
flags:\t0100002
drm-driver:\ti915
drm-client-id:\t7
drm-pdev:\t0000:00:02.0
drm-total-system0:\t93812 KiB
drm-engine-render:\t25662044495 ns
drm-engine-copy:\t0 ns
drm-engine-video:\t${busyMs * 1e6} ns
drm-engine-capacity-video:\t2`,
  xe: (busyMs: number, passedMs: number): string => `pos:\t0
flags:\t0100002
drm-driver:\txe
drm-client-id:\t28
drm-pdev:\t0000:03:00.0
drm-cycles-ccs:\t${28257900 + busyMs * 19_200}
drm-total-cycles-ccs:\t${7655183225 + passedMs * 19_200}
drm-engine-capacity-ccs:\t1`,
};

class Machine extends RecordedTree {
  #ms = 0;

  open(pid: number, file: number, device: string, text: string): void {
    this.link(`/proc/${pid}/fd/${file}`, device);
    this.write(`/proc/${pid}/fdinfo/${file}`, text);
    this.write(`/proc/${pid}/comm`, `program${pid}`);
  }

  /** A second later. */
  look(gpu: DrmUse): string | undefined {
    this.#ms += 1000;
    const { use } = gpu.look({ wall: this.#ms, monotonic: this.#ms });
    return use?.at === this.#ms ? use.what : undefined;
  }
}

describe("a GPU of AMD or Intel in use by others", () => {
  test("others' use of an AMD or Intel GPU is a sign from a tenth of an engine's time on", () => {
    const machine = new Machine({ "/dev/dri/renderD128": "", "/proc/400/comm": "bash" });
    assert.ok(DrmUse.isThere(machine.files));
    machine.link("/proc/400/fd/0", "/dev/pts/3");
    machine.open(500, 9, "/dev/dri/renderD128", told.amdgpu(0));
    machine.open(500, 11, "/dev/dri/card0", told.amdgpu(0));
    const gpu = new DrmUse(machine.files, { pids: () => [1] });
    assert.equal(machine.look(gpu), undefined, "it is not known yet how much that is");
    machine.write("/proc/500/fdinfo/9", told.amdgpu(90));
    machine.write("/proc/500/fdinfo/11", told.amdgpu(90));
    assert.equal(machine.look(gpu), undefined, "a desktop draws its clock");
    machine.write("/proc/500/fdinfo/9", told.amdgpu(90 + 110));
    machine.write("/proc/500/fdinfo/11", told.amdgpu(90 + 110));
    assert.equal(machine.look(gpu), "another program uses GPU 0000:0b:00.0: program500");
    assert.equal(machine.look(gpu), undefined, "it only keeps its memory");
  });

  test("each driver tells of the use of a GPU in its own way", () => {
    const machine = new Machine();
    machine.open(500, 9, "/dev/dri/renderD128", told.i915(0));
    machine.open(600, 5, "/dev/dri/renderD129", told.xe(0, 0));
    const gpu = new DrmUse(machine.files, { pids: () => [] });
    machine.look(gpu);
    // There are two engines for video.
    machine.write("/proc/500/fdinfo/9", told.i915(180));
    machine.write("/proc/600/fdinfo/5", told.xe(90, 1000));
    assert.equal(machine.look(gpu), undefined);
    machine.write("/proc/500/fdinfo/9", told.i915(180 + 220));
    assert.equal(machine.look(gpu), "another program uses GPU 0000:00:02.0: program500");
    machine.write("/proc/600/fdinfo/5", told.xe(90 + 200, 2000));
    assert.equal(machine.look(gpu), "another program uses GPU 0000:03:00.0: program600");
  });

  test("use of a GPU is no sign where our own runs use it, nor once the program has ended", () => {
    const machine = new Machine();
    machine.open(900, 9, "/dev/dri/renderD128", told.amdgpu(0, 3));
    machine.open(500, 9, "/dev/dri/renderD128", told.amdgpu(0, 4));
    const gpu = new DrmUse(machine.files, { pids: () => [1, 900] });
    machine.look(gpu);
    machine.write("/proc/900/fdinfo/9", told.amdgpu(900, 3));
    machine.remove("/proc/500");
    assert.equal(machine.look(gpu), undefined);
    // Another takes its number, and its counters begin anew.
    machine.open(500, 9, "/dev/dri/renderD128", told.amdgpu(800, 5));
    assert.equal(machine.look(gpu), undefined);
    machine.write("/proc/500/fdinfo/9", told.amdgpu(1500, 5));
    assert.equal(machine.look(gpu), "another program uses GPU 0000:0b:00.0: program500");
  });

  test("others' use of a GPU is found among many processes within some looks, twenty at each", () => {
    const machine = new Machine();
    for (let pid = 1000; pid < 1250; pid += 1) machine.write(`/proc/${pid}/comm`, "sleep");
    machine.open(1251, 4, "/dev/dri/renderD128", told.amdgpu(0));
    const gpu = new DrmUse(machine.files, { pids: () => [] });
    let found: string | undefined;
    for (let look = 1; look <= 15 && found === undefined; look += 1) {
      machine.write("/proc/1251/fdinfo/4", told.amdgpu(500 * look));
      found = machine.look(gpu);
    }
    assert.equal(found, "another program uses GPU 0000:0b:00.0: program1251");
  });

  test("others' use of an AMD or Intel GPU is not looked for where there is none", () => {
    assert.ok(!DrmUse.isThere(new RecordedTree({ "/dev/null": "" }).files));
  });
});
