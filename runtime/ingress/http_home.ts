/** What stands at `/`: for a browser a page, where the process has one; for a program what it can ask. */
import type { Context } from "hono";
import type { Edge } from "./http.ts";
import { textResponse } from "./http_headers.ts";

export interface HomePage {
  readonly html: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
}

/** The page, where there is one and it is asked for. It tells nothing itself: it asks as any client, with the token. */
export function showsPage(edge: Edge, page: HomePage | undefined, { req }: Context): Response | undefined {
  if (!page || !/\btext\/html\b/.test(req.header("accept") ?? "")) return undefined;
  const headers = edge.headers(req.raw, "text/html; charset=utf-8");
  return textResponse(page.html, 200, {
    ...headers,
    "content-security-policy": page.policy,
    "referrer-policy": "no-referrer",
    vary: "accept",
  });
}

export function home(edge: Edge, { req }: Context): Response {
  const body = {
    name: "millrace",
    pipelines: [...edge.routes.keys()],
    ask: {
      decide: "POST /v1/{pipeline}/decide",
      events: "POST /v1/{pipeline}/events",
      state: "/v1/{pipeline}/state/{key}",
      deadLetters: "/v1/{pipeline}/dead-letters",
      late: "/v1/{pipeline}/late",
      outputs: "/v1/{pipeline}/outputs/{output}",
      views: "/v1/{pipeline}/views/{view}",
      status: "/v1/status",
      metrics: "/metrics",
      ready: "/readyz",
      health: "/healthz",
    },
  };
  return textResponse(JSON.stringify(body), 200, {
    ...edge.headers(req.raw, "application/json"),
    vary: "accept",
  });
}
