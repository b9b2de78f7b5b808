import fc from "fast-check";
import { activeIn, canonical } from "../../../shared/domain/conditions/activity.ts";
import { isAllowed } from "../../../shared/domain/conditions/constraints.ts";
import { type Configuration, configurationKey, type Hyperparameter } from "../../../shared/domain/hyperparameter.ts";

/** A space whose hyperparameters may be linked, and the constraints between them; the tuned values satisfy all. */
export interface LinkedSpace {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly where: readonly string[];
}

/**
 * Any space of up to five hyperparameters with the values 0 to 3, named h0, h1, ... Some are active only for certain
 * values of others, without circles. There are up to two constraints.
 */
export const linkedSpace: fc.Arbitrary<LinkedSpace> = fc
  .array(fc.record({ isOrdered: fc.boolean(), length: fc.integer({ min: 1, max: 4 }), tuned: fc.nat(3) }), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((dials) => {
    const count = dials.length;
    const condition = fc
      .tuple(fc.nat(count - 1), fc.constantFrom("> 0", "== 1", "in [0, 2]", "!= 2"), fc.nat(count - 1), fc.boolean())
      .map(([a, is, b, isTwo]) => ({
        text: isTwo ? `*h${a} ${is} and *h${b} < 3` : `*h${a} ${is}`,
        names: isTwo ? [a, b] : [a],
      }));
    const constraint = fc
      .tuple(
        fc.nat(count - 1),
        fc.constantFrom("+", "*"),
        fc.nat(count - 1),
        fc.constantFrom("<=", ">=", "!="),
        fc.nat(5),
      )
      .map(([a, op, b, is, limit]) => `*h${a} ${op} *h${b} ${is} ${limit}`);
    return fc.record({
      dials: fc.constant(dials),
      // A parent ranks above its children, wherever it stands in the list, so that there is no circle.
      ranks: fc.shuffledSubarray([...dials.keys()], { minLength: count, maxLength: count }),
      conditions: fc.array(fc.option(fc.array(condition, { minLength: 1, maxLength: 2 })), {
        minLength: count,
        maxLength: count,
      }),
      where: fc.array(constraint, { maxLength: 2 }),
    });
  })
  .map(({ dials, ranks, conditions, where }) => {
    const hyperparameters = dials.map(({ isOrdered, length, tuned }, i): Hyperparameter => {
      const values = [0, 1, 2, 3].slice(0, length);
      const fitting = (conditions[i] ?? []).filter(({ names }) =>
        names.every((j) => (ranks[j] ?? 0) < (ranks[i] ?? 0)),
      );
      const onlyWhen = fitting.map(({ text }) => text);
      const dial = { name: `h${i}`, ordered: isOrdered, values, tuned: values[tuned % length] ?? 0 };
      return onlyWhen.length === 0 ? dial : { ...dial, onlyWhen };
    });
    const tuned = hyperparameters.map((each) => each.values.indexOf(each.tuned));
    return { hyperparameters, where: where.filter((text) => isAllowed(hyperparameters, [text], tuned)) };
  });

/** Every combination of positions. */
export function everyConfiguration(hyperparameters: readonly Hyperparameter[]): Configuration[] {
  return hyperparameters.reduce<Configuration[]>(
    (all, { values }) =>
      all.flatMap((configuration) => [...values.keys()].map((position) => [...configuration, position])),
    [[]],
  );
}

/** Keys of the distinct allowed configurations, found by trying each. */
export function allowedKeys({ hyperparameters, where }: LinkedSpace): Set<string> {
  const all = everyConfiguration(hyperparameters).map((each) => canonical(hyperparameters, each));
  return new Set(all.filter((each) => isAllowed(hyperparameters, where, each)).map(configurationKey));
}

/** Whether the configuration belongs to the space: canonical and allowed. */
export const isIn = ({ hyperparameters, where }: LinkedSpace, configuration: Configuration): boolean =>
  configurationKey(canonical(hyperparameters, configuration)) === configurationKey(configuration) &&
  isAllowed(hyperparameters, where, configuration);

export { activeIn };
