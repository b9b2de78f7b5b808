import { createSearch } from "../../shared/domain/search/searches.ts";
import { searchSuite } from "./search.ts";

/** Every implementation of the port. A new one passes this suite first: add a line. */
const implementations = [
  { name: "dgd", make: () => createSearch("dgd") },
  { name: "dgd, the published rule", make: () => createSearch("dgd", { dgd: { countInFlight: false } }) },
  { name: "random", make: () => createSearch("random") },
  { name: "grid", make: () => createSearch("grid") },
  { name: "repeat", make: () => createSearch(false) },
];

for (const implementation of implementations) searchSuite(implementation);
