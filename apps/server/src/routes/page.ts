/**
 * @file The document of the API, and a page of it for people. The page is made here of the document: no script, nothing from
 * elsewhere, so that nothing can be smuggled into it and it is there without a network.
 */
import { createHash } from "node:crypto";
import { html, Markup, PAGE_COLOURS } from "@hale/core";
import { FORM, type Routes } from "./routes.ts";

export const PAGE_PATHS: ReadonlySet<string> = new Set(["/docs", "/openapi.json"]);

const UPLOADS: ReadonlySet<string> = new Set(["/v1/score", "/v1/jobs"]);

const STYLE = `
${PAGE_COLOURS}
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid var(--rule); padding: 0.5rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
table { border-collapse: collapse; } td { padding: 0.1rem 1rem 0.1rem 0; vertical-align: top; }
pre { overflow: auto; }
a { color: var(--accent); }
`;
const HASH = createHash("sha256").update(STYLE).digest("base64");
const POLICY = `default-src 'none'; style-src 'sha256-${HASH}'; frame-ancestors 'none'`;

export function pageRoutes(routes: Routes): void {
  routes.get("/openapi.json", { schema: { hide: true } }, async (_, reply) =>
    reply.type("application/json").serializer(JSON.stringify).send(documentOf(routes)),
  );
  routes.get("/docs", { schema: { hide: true } }, async (_, reply) => {
    const page = pageOf(documentOf(routes));
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", POLICY)
      .serializer(String)
      .send(page);
  });
}

/** As much of an OpenAPI document as the page shows. */
interface Document {
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: unknown }[];
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: unknown }> }>;
}

/** With the forms of uploads, which no schema of Fastify checks. */
function documentOf(routes: Routes): Document {
  const document = routes.swagger() as unknown as Document;
  const paths = Object.entries(document.paths).map(([path, methods]) => [
    path,
    UPLOADS.has(path) ? { ...methods, post: { ...methods.post, requestBody: FORM } } : methods,
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}

function pageOf({ info, paths }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(method, path, operation)),
  );
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${info.title} ${info.version}: HTTP</title><style>${new Markup(STYLE)}</style></head>
<body>
<h1>${info.title} ${info.version}</h1>
<p>${info.description}</p>
<p>As a document for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
${operations}
</body>
</html>
`.text;
}

function operationOf(method: string, path: string, operation: Operation): Markup {
  const { summary = "", description = "", parameters = [], responses = {} } = operation;
  const rows = parameters.map(
    (one) => html`<tr><td><code>${one.name}</code></td><td>${one.in}</td><td>${one.description ?? ""}</td></tr>`,
  );
  const answers = Object.entries(responses).map(([status, answer]) => {
    const schema = Object.values(answer.content ?? {})[0]?.schema;
    return html`<details><summary>${status}: ${answer.description ?? ""}</summary><pre>${JSON.stringify(schema, null, 2) ?? ""}</pre></details>`;
  });
  return html`<section>
<h2><code>${method.toUpperCase()} ${path}</code></h2>
<p>${summary}. ${description}</p>
<table>${rows}</table>
${answers}
</section>`;
}
