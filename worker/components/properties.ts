import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { shown } from "../../shared/domain/runspec/problems.ts";
import type { Objection } from "../../shared/here/stage-check.ts";
import type { ComponentSpec } from "./component-spec.ts";
import { PropertyError } from "./property-error.ts";

/**
 * Reads and checks a component's properties. Ask for each one, then call `check`, which reports everything that is wrong at once.
 * Until then, a wrong property reads as some value of its type.
 */
export class Properties {
  private readonly spec: ComponentSpec;
  private readonly asked = new Set(["component"]);
  private readonly problems: Objection[] = [];

  constructor(spec: ComponentSpec) {
    this.spec = spec;
  }

  integer(name: string, least: number, most: number): number {
    const isValid = (value: unknown): value is number => Number.isInteger(value) && isBetween(value, least, most);
    return this.take(name, isValid, least, `an integer from ${grouped(least)} to ${grouped(most)}`);
  }

  number(name: string, least: number, most: number): number {
    const isValid = (value: unknown): value is number => isBetween(value, least, most);
    return this.take(name, isValid, least, `a number from ${grouped(least)} to ${grouped(most)}`);
  }

  /** A number above 0, up to `most`; Number.MAX_VALUE allows any finite one. */
  positive(name: string, most: number): number {
    const isValid = (value: unknown): value is number => value !== 0 && isBetween(value, 0, most);
    const expected = most === Number.MAX_VALUE ? "a finite number above 0" : `a number above 0, up to ${grouped(most)}`;
    return this.take(name, isValid, most, expected);
  }

  /** A generator's seed: the number that `randint` became, or one that the user chose. */
  seed(name: string): number {
    return this.integer(name, 0, Number.MAX_SAFE_INTEGER);
  }

  boolean(name: string): boolean {
    return this.take(name, (value) => typeof value === "boolean", false, "true or false");
  }

  text(name: string): string {
    return this.take(name, isText, "", "text");
  }

  textOrNull(name: string): string | null {
    return this.take(name, (value) => value === null || isText(value), null, "text or null");
  }

  /** A nested component. Its own factory checks its properties. */
  component(name: string): ComponentSpec {
    const expected = "a component, that is, a mapping with a `component: folder/Name` key";
    return this.take(name, isComponent, { component: "" }, expected);
  }

  /** Accepts properties that something else reads. */
  ignore(...names: string[]): void {
    for (const name of names) this.asked.add(name);
  }

  /** @throws SpecError that lists all problems, if there are any */
  check(): void {
    for (const name of Object.keys(this.spec)) {
      if (this.asked.has(name)) continue;
      const known = [...this.asked].filter((other) => other !== "component");
      const nearest = nearestName(name, known);
      const guess = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
      this.object(name, `no property "${name}"; expected one of: ${known.join(", ")}${guess}`);
    }
    if (this.problems.length === 0) return;
    throw new PropertyError(this.problems);
  }

  private take<T>(name: string, isValid: (value: unknown) => value is T, otherwise: T, expected: string): T {
    this.asked.add(name);
    const value = this.spec[name];
    if (isValid(value)) return value;
    const found = value === undefined ? "missing" : shown(value);
    this.object(name, `property "${name}" is ${found}; expected ${expected}`);
    return otherwise;
  }

  private object(property: string, text: string): void {
    this.problems.push({ component: this.spec.component, property, text, found: shown(this.spec[property]) });
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const isBetween = (value: unknown, least: number, most: number): value is number =>
  typeof value === "number" && value >= least && value <= most;

function isComponent(value: unknown): value is ComponentSpec {
  return typeof value === "object" && value !== null && "component" in value && typeof value.component === "string";
}

const grouped = (n: number): string =>
  Math.abs(n) >= 1000 && Number.isInteger(n) ? n.toLocaleString("en-GB") : String(n);
