/** How each sink of the contract is opened, from plain data: in this process or in another one. */
import { sqliteSink, type SqliteSinkOptions } from "../../runtime/adapters/sinks/sqlite.ts";
import type { Sink, Step } from "../../runtime/mod.ts";

export type PlaceConfig = { readonly kind: "sqlite"; readonly options: SqliteSinkOptions };

export function openSink(config: PlaceConfig, step?: Step): Promise<Sink> {
  switch (config.kind) {
    case "sqlite":
      return sqliteSink({ ...config.options, step });
  }
}
