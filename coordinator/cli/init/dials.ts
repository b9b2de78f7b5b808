import type { Range, Setting } from "../../../shared/domain/hyperparameter.ts";
import type { FoundOption } from "./found-options.ts";

/** What becomes of an option in a spec. */
export type Treatment =
  /** A hyperparameter: a range, or a list in order or without one. */
  | {
      readonly kind: "dial";
      readonly range?: Range;
      readonly values?: readonly Setting[];
      readonly isOrdered?: boolean;
      readonly tuned: Setting;
    }
  /** Always this value. */
  | { readonly kind: "constant"; readonly value: Setting | "randint"; readonly why: string }
  /** The script's own default stays. */
  | { readonly kind: "left"; readonly why: string };

const left = (why: string): Treatment => ({ kind: "left", why });
const list = (values: readonly Setting[], tuned: Setting, isOrdered = true): Treatment => ({
  kind: "dial",
  values,
  isOrdered,
  tuned,
});

/** Options that change how a run is looked at, or how long it takes, but not what it learns. */
const bystanders =
  /(^|[_.-])(workers?|interval|freq(uency)?|every|gpus?|device|rank|port|host|verbose|debug|quiet|resume|save|log|logs|logging|print|cuda|cpu|tpu|mps|wandb|project|entity|name|tag|notes|dry|test|eval|download|progress|profile|compile|num_classes|classes|vocab|image|img|crop|input|output|out|dir|path|file|root|data|dataset|checkpoint|config|workers|world|local|nodes?|fp16|bf16|precision|deterministic|plot|show|visualize|visualise|version|help)([_.-]|$)/i;
/** Not bystanders: per_device_train_batch_size of transformers, lora_rank, drop_path. A node's rank is one. */
const learned =
  /(^|_)train_batch_size$|(?<!(^|[_.])(local|global|node|world|process|group|machine|dist|distributed|ddp|gpu|device|worker|tp|pp|dp))[_.]rank$|(^|[_.])drop_path/;
const lasting =
  /(^|[_.-])(epochs?|steps?|iterations?|iters?|max_iter|num_updates|episodes|timesteps|budget|patience)$/i;
const seeds = /(^|[_.-])seeds?$/i;

/** What to do with an option: the rules of thumb that people use, by its name, its type and its default. */
export function treatmentOf(option: FoundOption): Treatment {
  const { preset, choices, type } = option;
  const name = option.name.replaceAll("-", "_").toLowerCase();
  if (option.isConstant) return { kind: "constant", value: preset, why: "as the sweep says" };
  if (option.range) return { kind: "dial", range: option.range, tuned: tunedIn(option.range, preset) };
  if (choices !== null && choices.length > 0) return ofChoices(choices, preset, option);
  if (seeds.test(name))
    return { kind: "constant", value: "randint", why: "drawn for each run: a search must not choose its luck" };
  if (option.isList) return left("it takes several values");
  if (lasting.test(name)) return left("it says how long a run takes");
  if (bystanders.test(name) && !learned.test(name)) return left("it does not change what is learned");
  if (type === "bool") return list([true, false], preset === true, false);
  if (type === "boolText") return list(["true", "false"], preset === true ? "true" : "false", false);
  if (type === "float") return ofFloat(name, typeof preset === "number" ? preset : undefined);
  if (type === "int") return ofInt(name, typeof preset === "number" ? preset : undefined);
  return left(type === "str" ? "a text without choices" : "its type is not known");
}

function ofChoices(choices: readonly Setting[], preset: Setting, option: FoundOption): Treatment {
  const values = [...new Set(choices)];
  const allNumbers = values.every((value) => typeof value === "number");
  const isUnsaid = option.help === "" && option.isSearched !== true && !allNumbers;
  if (isUnsaid && bystanders.test(option.name.replaceAll("-", "_")) && values.includes(preset))
    return left("it does not change what is learned");
  const sorted = allNumbers ? [...(values as number[])].sort((a, b) => a - b) : values;
  return list(sorted, values.includes(preset) ? preset : (sorted[Math.floor(sorted.length / 2)] ?? null), allNumbers);
}

const rates = /(^|[_.])lr($|[_.\d])|learning_rate|(^|[_.])(eta|step_size)$/;
const decays =
  /weight_decay|(^|[_.])(wd|l1|l2|decay|reg|regularization|regularisation|entropy_coef|ent_coef|alpha|lambda|lam)($|[_.\d])|epsilon|(^|[_.])eps$/;
const drops = /drop(out)?($|[_.])|drop_rate|dropout/;
const smooths = /smoothing|mixup|cutmix|noise|ratio|prob|probability/;
const memories = /momentum|beta_?1|(^|[_.])beta$/;
const nearOne = /gamma|discount|beta_?2|ema|gae|tau_?ema/;

function ofFloat(name: string, preset: number | undefined): Treatment {
  if (drops.test(name)) {
    const tuned = preset ?? 0.1;
    if (!(tuned >= 0 && tuned < 1)) return left("its default is no share");
    return linear(0, Math.max(tuned > 0.5 ? 0.9 : 0.5, tuned), tuned);
  }
  if (rates.test(name)) return logAround(preset ?? 1e-3, 100);
  if (decays.test(name)) {
    if (preset === undefined || preset === 0)
      return { kind: "dial", range: { from: 1e-6, to: 0.1, scale: "log", zero: true }, tuned: 0 };
    return logAround(preset, 100);
  }
  if (nearOne.test(name) || memories.test(name)) {
    const marks = memories.test(name) ? [0, 0.5, 0.8, 0.9, 0.95, 0.99] : [0.8, 0.9, 0.95, 0.98, 0.99, 0.999];
    const tuned = preset ?? 0.9;
    return tuned >= 0 && tuned <= 1 ? list(withValue(marks, tuned), tuned) : logAround(tuned, 10);
  }
  if (smooths.test(name)) {
    const tuned = preset ?? 0;
    return tuned >= 0 && tuned <= 1 ? linear(0, tuned > 0.5 ? 1 : 0.5, tuned) : logAround(tuned, 10);
  }
  if (preset === undefined) return left("it has no default, so nothing says where to look");
  if (preset > 0) return logAround(preset, 10);
  return left("its default says nothing of where to look");
}

const sizes =
  /batch|hidden|units|dim($|[_.])|embed|width|channels|filters|neurons|ff($|[_.])|d_model|size|rank$|bins|buffer|capacity/;
const depths = /layers|depth|blocks|heads|stacks|n_estimators_?small/;

function ofInt(name: string, preset: number | undefined): Treatment {
  if (sizes.test(name)) {
    const tuned = preset ?? 32;
    return tuned > 0 ? list(powersAround(tuned), tuned) : left("its default says nothing of where to look");
  }
  if (depths.test(name)) {
    const tuned = preset ?? 2;
    if (tuned < 1) return left("its default says nothing of where to look");
    return { kind: "dial", range: { from: 1, to: Math.max(4, 2 * tuned), scale: "integer" }, tuned };
  }
  if (preset === undefined || preset <= 1) return left("nothing says where to look");
  const [from, to] = [Math.max(1, Math.round(preset / 4)), preset * 4];
  return {
    kind: "dial",
    range: { from, to, scale: to > 16 * from - 1 || to > 50 ? "log_integer" : "integer" },
    tuned: preset,
  };
}

/** Powers of two from about a quarter of a number to four times it, and the number itself. */
function powersAround(tuned: number): number[] {
  const middle = Math.max(2, Math.round(Math.log2(tuned)));
  const powers = [-2, -1, 0, 1, 2].map((step) => 2 ** Math.max(0, middle + step));
  return withValue([...new Set(powers)], tuned);
}

const withValue = (marks: readonly number[], value: number): number[] =>
  [...new Set([...marks, value])].sort((a, b) => a - b);

const linear = (from: number, to: number, tuned: number): Treatment => ({
  kind: "dial",
  range: { from, to, scale: "linear" },
  tuned,
});

/** A log range with `tuned / factor` and `tuned * min(factor, 10)` inside, its ends powers of ten. */
function logAround(tuned: number, factor: number): Treatment {
  if (!(tuned > 0)) return left("its default says nothing of where to look");
  const from = 10 ** Math.floor(Math.log10(tuned / factor) + 1e-9);
  const to = 10 ** Math.ceil(Math.log10(tuned * Math.min(factor, 10)) - 1e-9);
  return { kind: "dial", range: { from: tidy(from), to: tidy(to), scale: "log" }, tuned };
}

const tidy = (value: number): number => Number(value.toPrecision(6));

function tunedIn({ from, to, scale, zero }: Range, preset: Setting): number {
  if (typeof preset === "number" && ((preset >= from && preset <= to) || (zero === true && preset === 0)))
    return preset;
  const isLogged = scale === "log" || scale === "log_integer";
  const middle = isLogged ? Math.sqrt(from * to) : (from + to) / 2;
  if (scale === "integer" || scale === "log_integer") return Math.round(middle);
  // Two digits are enough, unless the range is so narrow that they lie outside of it: 0.995 to 0.9999.
  const rounded = [2, 3, 4, 5, 6].map((digits) => Number(middle.toPrecision(digits)));
  return rounded.find((value) => value > from && value < to) ?? middle;
}
