import { quickFamilies } from "../../audit/families.ts";
import { shortAudit } from "../../audit/short-audit.ts";

shortAudit(quickFamilies);
