import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { shown } from "../../shared/domain/runspec/problems.ts";
import { SpecError } from "../../shared/errors.ts";
import type { ComponentSpec } from "./component-spec.ts";

/**
 * Reads and checks a component's properties: ask for each one, then call `check`, which throws everything that is wrong at once.
 * Until then a wrong property reads as some value of its type.
 */
export class Properties {
  private readonly spec: ComponentSpec;
  private readonly asked = new Set(["component"]);
  private readonly problems: string[] = [];

  constructor(spec: ComponentSpec) {
    this.spec = spec;
  }

  /** An integer from `least` to `most`. */
  integer(name: string, least: number, most: number): number {
    const value = this.take(name);
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    this.expected(name, `an integer from ${grouped(least)} to ${grouped(most)}`);
    return least;
  }

  /** A number from `least` to `most`. */
  number(name: string, least: number, most: number): number {
    const value = this.take(name);
    if (typeof value === "number" && value >= least && value <= most) return value;
    this.expected(name, `a number from ${grouped(least)} to ${grouped(most)}`);
    return least;
  }

  /** A number above 0, up to `most`. */
  positive(name: string, most: number): number {
    const value = this.take(name);
    if (typeof value === "number" && value > 0 && value <= most) return value;
    this.expected(name, `a number above 0, up to ${grouped(most)}`);
    return most;
  }

  /** A number, or text, to seed a generator with; whatever `randint` became. */
  seed(name: string): number {
    return this.integer(name, 0, Number.MAX_SAFE_INTEGER);
  }

  boolean(name: string): boolean {
    const value = this.take(name);
    if (typeof value === "boolean") return value;
    this.expected(name, "true or false");
    return false;
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value === "string" && value !== "") return value;
    this.expected(name, "text");
    return "";
  }

  textOrNull(name: string): string | null {
    const value = this.take(name);
    if (value === null || (typeof value === "string" && value !== "")) return value;
    this.expected(name, "text or null");
    return null;
  }

  /** A nested component; what it is made of is its own factory's business. */
  component(name: string): ComponentSpec {
    const value = this.take(name);
    if (isComponent(value)) return value;
    this.expected(name, "a component, that is, a mapping with a `component: folder/Name` key");
    return { component: "" };
  }

  /** Properties that someone else reads. */
  ignore(...names: string[]): void {
    for (const name of names) this.asked.add(name);
  }

  /** Throws a SpecError that lists all problems, if there is one. */
  check(): void {
    for (const name of Object.keys(this.spec)) {
      if (this.asked.has(name)) continue;
      const known = [...this.asked].filter((other) => other !== "component");
      const nearest = nearestName(name, known);
      const guess = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
      this.problems.push(`no property "${name}"; expected one of: ${known.join(", ")}${guess}`);
    }
    if (this.problems.length === 0) return;
    throw new SpecError(this.problems.map((problem) => `${this.spec.component}: ${problem}`).join("\n"));
  }

  private take(name: string): unknown {
    this.asked.add(name);
    return this.spec[name];
  }

  private expected(name: string, what: string): void {
    const value = this.spec[name];
    if (value === undefined) this.problems.push(`property "${name}" is missing; expected ${what}`);
    else this.problems.push(`property "${name}" is ${shown(value)}; expected ${what}`);
  }
}

function isComponent(value: unknown): value is ComponentSpec {
  return typeof value === "object" && value !== null && "component" in value && typeof value.component === "string";
}

const grouped = (n: number): string =>
  Math.abs(n) >= 1000 && Number.isInteger(n) ? n.toLocaleString("en-GB") : String(n);
