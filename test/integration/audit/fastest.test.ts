import { fastestFamilies } from "../../audit/families.ts";
import { shortAudit } from "../../audit/short-audit.ts";

shortAudit(fastestFamilies);
