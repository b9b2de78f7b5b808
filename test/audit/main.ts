import { families } from "./families.ts";
import { Ground } from "./ground/ground.ts";
import { help, type Options, readOptions } from "./options.ts";
import { type Outcome, runFamily, workGoesOn } from "./run-family.ts";
import { tellAll, tellFamily } from "./tell.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const options = readOptions(process.argv.slice(2));
if (typeof options === "string") {
  process.stderr.write(`${options}\n${help}`);
  process.exitCode = 2;
} else if (options === undefined) process.stdout.write(help);
else {
  process.exitCode = await audit(options);
  // The broker's client keeps sockets open for a moment; they must not hold up a finished audit.
  setTimeout(() => process.exit(), 500).unref();
}

async function audit({ names, act, isList, isJson }: Options): Promise<number> {
  const startedAt = performance.now();
  const chosen = families.filter(({ name }) => names.length === 0 || names.includes(name));
  const all: Outcome[] = [];
  let ground: Ground | undefined;
  try {
    for (const family of chosen) {
      ground ??= await newGround();
      if (isList) {
        for (const { role, title } of await family.acts(ground)) say(`${family.name}: ${role} ${title}`);
        continue;
      }
      const began = performance.now();
      const outcomes = await runFamily(ground, family, act);
      const well = await workGoesOn(ground, family.name);
      outcomes.push(well);
      all.push(...outcomes);
      if (isJson) for (const outcome of outcomes) say(JSON.stringify(outcome));
      else tellFamily(family.name, outcomes, performance.now() - began);
      if (well.harm !== undefined) {
        await ground.end();
        ground = undefined;
      }
    }
  } finally {
    await ground?.end();
  }
  if (isList) return 0;
  const bad = all.filter(({ harm, untried }) => harm !== undefined || untried !== undefined);
  if (!isJson) tellAll(all, performance.now() - startedAt);
  return bad.length === 0 ? 0 : 1;
}

async function newGround(): Promise<Ground> {
  const ground = new Ground();
  try {
    await ground.start();
    return ground;
  } catch (error) {
    await ground.end();
    throw error;
  }
}
