/**
 * @file The HTTP side: one Fastify instance with its guards, routes and document. Guards come first, in the order of what they
 * cost; nothing of a body is read before all of them have passed.
 */
import multipart from "@fastify/multipart";
import swagger from "@fastify/swagger";
import { VERSION } from "@hale/core";
import { RESEARCH_USE } from "@hale/detector";
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest, LogController } from "fastify";
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Context } from "./context.ts";
import { type FaultBody, faultOf, HttpFault } from "./faults.ts";
import { checkHost } from "./guard/hosts.ts";
import { tokenCheck } from "./guard/token.ts";
import { type LogStream, logSettings, placeOf } from "./log.ts";
import { detectorRoutes } from "./routes/detectors.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { PAGE_PATHS, pageRoutes } from "./routes/page.ts";
import { scoreRoutes } from "./routes/score.ts";
import { stateRoutes } from "./routes/state.ts";

export type App = FastifyInstance;

/** Asked by machines that watch, and by people before they have a token. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz", ...PAGE_PATHS]);

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Milliseconds between looks for connections that take too long. */
const LOOK_EVERY = 1000;

export async function createApp(context: Context, log: LogStream): Promise<App> {
  const { settings, admission } = context;
  const { limits, tls } = settings;
  const timing = {
    headersTimeout: limits.headMilliseconds,
    requestTimeout: limits.receiveMilliseconds,
    connectionsCheckingInterval: Math.min(LOOK_EVERY, limits.headMilliseconds),
    maxHeaderSize: 16_384,
  };
  const options = {
    logger: logSettings(log),
    logController: new LogController({ disableRequestLogging: true }),
    // Of ours alone: what a client calls its request must not come into the log.
    requestIdHeader: false as const,
    bodyLimit: 1024,
    requestTimeout: limits.receiveMilliseconds,
    return503OnClosing: true,
    clientErrorHandler,
    routerOptions: { maxParamLength: 200 },
  };
  const app = (tls
    ? fastify({ ...options, https: { ...timing, ...tls, minVersion: "TLSv1.2" } })
    : fastify({ ...options, http: timing })) as unknown as FastifyInstance;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(multipart);
  await app.register(swagger, { openapi: documentHead(settings.token !== null), transform: jsonSchemaTransform });

  const checkToken = settings.token === null ? null : tokenCheck(settings.token);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    const path = request.routeOptions.url ?? "";
    checkHost(request.headers, settings, PAGE_PATHS.has(path));
    if (checkToken && !OPEN_PATHS.has(path)) checkToken(request.headers.authorization);
    if (!request.routeOptions.config.admitted) return;
    const leave = admission.enter(request.ip, Number(request.headers["content-length"] ?? 0));
    reply.raw.once("close", leave);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, id } = request;
    const route = request.routeOptions.url ?? "none";
    const status = reply.statusCode;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    context.metrics.requests.inc({ method, route, status });
    context.metrics.seconds.observe({ method, route }, reply.elapsedTime / 1000);
    request.log.info({ event: "request", id, method, route, status, ms, client: request.ip, code: codes.get(request) });
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const fault = faultOf(error);
    codes.set(request, fault.code);
    if (fault.status === 500) request.log.error({ event: "defect", id: request.id, place: placeOf(error) });
    return reply
      .code(fault.status)
      .headers(fault.headers)
      .type("application/json")
      .serializer(JSON.stringify)
      .send(fault.body);
  });
  app.setNotFoundHandler(() => {
    throw new HttpFault(404, "NOT_FOUND", "There is nothing at this address.", "See /docs and /openapi.json.");
  });

  const typed = app.withTypeProvider<ZodTypeProvider>();
  await typed.register(async (routes) => {
    stateRoutes(routes, context);
    detectorRoutes(routes, context);
    scoreRoutes(routes, context);
    jobRoutes(routes, context);
    pageRoutes(routes);
  });
  return app;
}

/** Why a request was refused, for the log. */
const codes = new WeakMap<FastifyRequest, string>();

/** What a client sent is no HTTP, or took too long. */
function clientErrorHandler(
  error: Error & { code?: string },
  socket: { writable: boolean; end(text: string): void; destroy(): void },
) {
  if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
  const [status, fault] = CLIENT_ERRORS[error.code ?? ""] ?? CLIENT_ERRORS.OTHER;
  const body = JSON.stringify({ error: fault } satisfies FaultBody);
  const head = [`HTTP/1.1 ${status}`, "Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(`${[...head, "Connection: close", "X-Content-Type-Options: nosniff"].join("\r\n")}\r\n\r\n${body}`);
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [string, FaultBody["error"]]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    "408 Request Timeout",
    { code: "REQUEST_TIMEOUT", fault: "The request took too long to arrive.", remedy: "Send it faster, or in parts." },
  ],
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    { code: "REQUEST_INVALID", fault: "The headers are longer than they may be.", remedy: "Send shorter ones." },
  ],
  OTHER: [
    "400 Bad Request",
    { code: "REQUEST_INVALID", fault: "The request is no HTTP/1.1.", remedy: "Send it by an HTTP library." },
  ],
};

function documentHead(token: boolean) {
  return {
    openapi: "3.1.0",
    info: {
      title: "hale",
      version: VERSION,
      description: `Finds what is abnormal in medical images by what a detector has learnt from normal ones. ${RESEARCH_USE}`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(token && {
      components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
      security: [{ token: [] }],
    }),
  };
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether it counts among requests under way, and is refused where there are too many. */
    admitted?: boolean;
  }
}
