/**
 * The page that a process shows at `/` to people: one document with its style and script in it, which asks
 * this process and nobody else. Its policy allows exactly these two texts, by their hashes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HomePage } from "../runtime/ingress/http_home.ts";

export function statusPage(): HomePage {
  const html = part("page.html")
    .replace("/* page.css */", () => part("page.css"))
    .replace("/* page.js */", () => part("page.js"));
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(html, "style")}`,
    `script-src ${hashOf(html, "script")}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { html, policy: policy.join("; ") };
}

function part(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}

/** Of an element's whole text, as a browser computes it. */
function hashOf(html: string, element: string): string {
  const text = html.slice(html.indexOf(`<${element}>`) + element.length + 2, html.indexOf(`</${element}>`));
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
