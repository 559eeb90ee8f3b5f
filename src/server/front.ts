import type { Socket } from "node:net"
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify"
import type { SecretReader } from "../core/secret.ts"
import { ConfigError, toError } from "../lib/errors.ts"
import { Connections } from "./connections.ts"
import { jsonText } from "./present.ts"
import { HttpProblem, problemBody, problemType } from "./problem.ts"

export interface Limits {
  /** For the headers of a request, and for all of it. */
  readonly headersMs: number
  readonly requestMs: number
  /** For a connection on which nothing moves, and for one between two requests. */
  readonly idleMs: number
  readonly keepAliveMs: number
  readonly connectionsMax: number
}

export const standardLimits: Limits = {
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 60_000,
  keepAliveMs: 10_000,
  connectionsMax: 256,
}
const bodyBytesMax = 1024 * 1024
const sourceNameLengthMax = 63

/** Every answer is what it says it is, and out of date at once. */
const everywhere = { "x-content-type-options": "nosniff", "cache-control": "no-store" }

export interface FrontOptions {
  readonly secrets: SecretReader
  /** What nobody expected in a handler: the client sees only "internal error". */
  readonly onError: (error: unknown) => void
}

/** An HTTP server without routes: limits, and errors as problem details. */
export function buildFront(
  limits: Limits,
  options: FrontOptions,
): { readonly app: FastifyInstance; readonly connections: Connections } {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.idleMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: sourceNameLengthMax },
    // Node looks for late requests only every 30 s by itself.
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(limits.headersMs, limits.requestMs) / 4,
    },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => void sendError(reply, error, options),
  })
  const connections = new Connections(limits.connectionsMax)
  app.server.on("connection", (socket) => connections.add(socket))
  // Every body stays as it came: signatures are over bytes, and what isn't signed is parsed by hand.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(everywhere)
  })
  app.addHook("onResponse", async (request) => connections.answered(request.raw.socket))
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new HttpProblem(404, "there is nothing at this path"), options),
  )
  app.setErrorHandler((error: FastifyError | HttpProblem, _request, reply) => sendError(reply, error, options))
  return { app, connections }
}

/** @throws ConfigError that names the key of the config. */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const { code = "", message } = toError(error) as NodeJS.ErrnoException
    const why = whyNot[code] ?? message
    const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
    const text = `server.listen: can't listen on ${place}: ${why}`
    throw new ConfigError(text, {
      kind: "stalled",
      code: code === "EADDRINUSE" ? "address-taken" : "address",
      cause: error,
    })
  }
}

const whyNot: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program does already (a second daemon?)",
  EADDRNOTAVAIL: "this machine doesn't have that address",
  EACCES: "this user may not (ports below 1024 need more rights)",
  ENOTFOUND: "no such host is known",
  EAI_AGAIN: "its name can't be looked up now",
}

function sendError(reply: FastifyReply, error: FastifyError | HttpProblem, options: FrontOptions): FastifyReply {
  const problem = asProblem(error, options.onError)
  const body = jsonText(problemBody(problem), (text) => options.secrets.mask(text))
  return reply
    .code(problem.status)
    .headers({ ...everywhere, ...problem.headers })
    .type(problemType)
    .send(`${body}\n`)
}

function asProblem(error: FastifyError | HttpProblem, onError: (error: unknown) => void): HttpProblem {
  if (error instanceof HttpProblem) return error
  const status = error.statusCode ?? 500
  if (status === 413) return new HttpProblem(413, "the body is larger than this path takes")
  if (status >= 400 && status < 500) return new HttpProblem(status, "the request can't be read")
  onError(error)
  return new HttpProblem(500, "internal error; the log has more")
}

/** What never became a request: too slow, too large a header, no HTTP. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy()
  const status = connectionStatus[error.code ?? ""] ?? 400
  const body = JSON.stringify(problemBody(new HttpProblem(status, "the request can't be read")))
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: ${problemType}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

const connectionStatus: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
}
