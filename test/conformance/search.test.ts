import { createSearch } from "../../shared/domain/search/searches.ts";
import { searchSuite } from "./search.ts";

/** Every implementation of the port. A new one passes this suite first: add a line. */
const implementations = [
  { name: "dgd", make: () => createSearch("dgd") },
  { name: "dgd: wide", make: () => createSearch("dgd", { dgd: { rule: "wide", countInFlight: true } }) },
  { name: "dgd: paper", make: () => createSearch("dgd", { dgd: { rule: "paper", countInFlight: false } }) },
  { name: "bayesian", make: () => createSearch("bayesian") },
  { name: "random", make: () => createSearch("random") },
  { name: "grid", make: () => createSearch("grid") },
  { name: "repeat", make: () => createSearch(false) },
];

for (const implementation of implementations) searchSuite(implementation);
