import type { Hyperparameter, Setting } from "../domain/hyperparameter.ts";
import { bytes, double, type EncodedField, flag, integer, message, text } from "./protobuf.ts";

/**
 * Summaries for TensorBoard's HParams plugin: what the experiment varies, which settings a session ran with, and how it
 * ended. Field numbers come from the plugin's plugin_data.proto and api.proto, and from google/protobuf/struct.proto.
 */

const pluginName = "hparams";
const dataType = { unset: 0, string: 1, bool: 2, float64: 3 } as const;
export const sessionStatus = { unknown: 0, success: 1, failure: 2, running: 3 } as const;

export interface HparamsSession {
  readonly hyperparameters: readonly Hyperparameter[];
  /** In the order of the hyperparameters; undefined for inactive ones. */
  readonly settings: readonly (Setting | undefined)[];
  /** The same for all runs with the same settings. */
  readonly group: string;
  /** Names of the scalars that are worth comparing. */
  readonly metrics: readonly string[];
  /** Seconds since 1970. */
  readonly startedAt: number;
}

/** The summary values (fields of a Summary) that a run's file begins with. */
export function sessionStart({ hyperparameters, settings, group, metrics, startedAt }: HparamsSession): EncodedField[] {
  const infos = hyperparameters.map((hyperparameter) => bytes(4, hyperparameterInfo(hyperparameter)));
  const metricInfos = metrics.map((name) => bytes(5, message(bytes(1, text(2, name)))));
  const experiment = message(double(3, startedAt), ...infos, ...metricInfos);
  const chosen = hyperparameters.flatMap(({ name }, i) => {
    const setting = settings[i];
    return setting === undefined ? [] : [bytes(1, message(text(1, name), bytes(2, settingValue(setting))))];
  });
  const start = message(...chosen, text(4, group), double(5, startedAt));
  return [
    pluginValue("_hparams_/experiment", bytes(2, experiment)),
    pluginValue("_hparams_/session_start_info", bytes(3, start)),
  ];
}

/** The summary value that a run's file ends with. */
export function sessionEnd(status: keyof typeof sessionStatus, endedAt: number): EncodedField {
  const end = message(integer(1, sessionStatus[status]), double(2, endedAt));
  return pluginValue("_hparams_/session_end_info", bytes(4, end));
}

function pluginValue(tag: string, data: EncodedField): EncodedField {
  // HParamsPluginData. Its version is 0, which is not written.
  const plugin = message(text(1, pluginName), bytes(2, data));
  return bytes(1, message(text(1, tag), bytes(9, bytes(1, plugin))));
}

function hyperparameterInfo({ name, values }: Hyperparameter): Uint8Array {
  const domain = message(...values.map((value) => bytes(1, settingValue(value))));
  return message(text(1, name), integer(4, typeOf(values)), bytes(5, domain));
}

function typeOf(values: readonly Setting[]): number {
  if (values.every((value) => typeof value === "number")) return dataType.float64;
  if (values.every((value) => typeof value === "boolean")) return dataType.bool;
  return values.every((value) => typeof value === "string") ? dataType.string : dataType.unset;
}

/** google.protobuf.Value */
function settingValue(setting: Setting): Uint8Array {
  if (setting === null) return integer(1, 0);
  if (typeof setting === "number") return double(2, setting);
  return typeof setting === "string" ? text(3, setting) : flag(4, setting);
}
