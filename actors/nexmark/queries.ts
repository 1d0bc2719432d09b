/**
 * Nexmark's queries as declared pipelines, with the columns of tests/models/nexmark.ts, which answers them
 * naively. SQL's decimals are whole numbers here: an average stands beside its sum and count.
 */
import type { Declaration } from "../../runtime/mod.ts";
import { q15, q16, q17, q18, q19 } from "./queries_aggregates.ts";
import { q20, q3, q4, q6, q8, q9 } from "./queries_joins.ts";
import { q13 } from "./queries_lookups.ts";
import { q101, q102, q103, q104, q105, q106 } from "./queries_more.ts";
import { q0, q1, q10, q14, q2, q21, q22 } from "./queries_rows.ts";
import { q11, q12, q5, q7 } from "./queries_windows.ts";

/** By name. */
export const queries: Readonly<Record<string, Declaration>> = {
  ...{ q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14 },
  ...{ q101, q102, q103, q104, q105, q106 },
  ...{ q15, q16, q17, q18, q19, q20, q21, q22 },
};
