import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { loadAll } from "js-yaml";
import { program } from "../../../../worker/flags.ts";
import { packageFolder } from "../../../support/golden.ts";

/** specs/kubernetes/worker.yaml as Kubernetes reads it, as far as a machine without Kubernetes can tell. */
interface Pod {
  readonly priorityClassName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly image: string;
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly resources: { readonly requests: Readonly<Record<string, string>> };
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
  readonly volumes: readonly { readonly name: string; readonly secret?: unknown; readonly emptyDir?: unknown }[];
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown };
    readonly template: { readonly metadata: { readonly labels: unknown }; readonly spec: Pod };
  };
}

const text = readFileSync(join(packageFolder(), "specs/kubernetes/worker.yaml"), "utf8");
const [priority, deployment] = loadAll(text) as [Readonly<Record<string, unknown>>, Deployment]; // the checks below say if not
const pod = deployment.spec.template.spec;
const container = pod.containers[0] ?? assert.fail("no container");
const mountOf = (name: string) => container.volumeMounts.find((mount) => mount.name === name) ?? assert.fail(name);

test("worker.yaml for Kubernetes is a low priority, and a deployment that has it", () => {
  assert.equal(priority["kind"], "PriorityClass");
  assert.deepEqual(priority["metadata"], { name: pod.priorityClassName });
  assert.ok(Number(priority["value"]) < 0, "below what has none, which has 0");
  assert.equal(priority["preemptionPolicy"], "Never");
  assert.equal(deployment.kind, "Deployment");
  assert.deepEqual(deployment.spec.selector.matchLabels, deployment.spec.template.metadata.labels);
});

test("the words of Kubernetes' worker.yaml are flags, and its slots the processors that it asks for", () => {
  const command = new Command().argument("[line]").exitOverride();
  for (const option of program.options) command.addOption(option);
  command.parse([...container.args], { from: "user" });
  assert.deepEqual(command.args, [`@${mountOf("line").mountPath}/line`]);
  assert.equal(String(command.opts()["slots"]), container.resources.requests["cpu"]);
});

test("the join line in Kubernetes comes from a secret, and is in no word and no variable", () => {
  const secret = pod.volumes.find(({ name }) => name === "line");
  assert.deepEqual(secret?.secret, { secretName: "nexus-line", defaultMode: 0o440 });
  assert.equal(mountOf("line").readOnly, true);
  assert.doesNotMatch(text, /:\/\/|NEXUS_JOIN/);
});

test("a worker in Kubernetes may do nothing, and writes to its own folders alone", () => {
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.equal(pod.securityContext["runAsNonRoot"], true);
  assert.equal(pod.automountServiceAccountToken, false);
  for (const { name, value } of container.env) {
    assert.ok(["HOME", "XDG_STATE_HOME"].includes(name));
    assert.equal(value, mountOf("state").mountPath);
  }
  for (const name of ["state", "tmp"]) assert.ok(pod.volumes.find((volume) => volume.name === name)?.emptyDir);
});

test("a worker in Kubernetes ends later than its runs have for their last checkpoints", () => {
  const { grace } = program.opts<{ readonly grace: number }>();
  assert.ok(pod.terminationGracePeriodSeconds >= grace / 1000 + 20, `${grace} ms`);
});

test("the version of Kubernetes' image is this package's", () => {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8")) as { version: string };
  assert.equal(container.image, `nexus-swarm:${version}`);
  const dockerfile = readFileSync(join(packageFolder(), "specs/kubernetes/Dockerfile"), "utf8");
  assert.ok(dockerfile.includes(`nexus-swarm-${version}.tgz`));
  assert.match(dockerfile, /^ENTRYPOINT \["nexus-worker"\]$/m);
});
