import { load } from "js-yaml";

/**
 * A YAML file of another tool as plain values.
 *
 * @throws YAMLException if it is not YAML
 */
export const plainYaml = (text: string): unknown => load(text);
