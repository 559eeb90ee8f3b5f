import type { Socket } from "node:net"
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify"
import type { SecretReader, SecretRef } from "../core/secret.ts"
import type { Clock } from "../lib/clock.ts"
import { addActionRoutes } from "./actions.ts"
import type { Daemon } from "./ports.ts"
import { jsonText } from "./present.ts"
import { HttpProblem, problemBody, problemType } from "./problem.ts"
import { addReadRoutes, type Context } from "./routes.ts"

export interface ServerOptions {
  readonly daemon: Daemon
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly listen: { readonly host: string; readonly port: number }
  readonly token: SecretRef | null
  readonly metricsAuth: boolean
  /** What nobody expected in a handler: the client sees only "internal error". */
  readonly onError: (error: unknown) => void
  readonly limits?: Partial<Limits>
}

export interface Limits {
  /** For the headers of a request, and for all of it. */
  readonly headersMs: number
  readonly requestMs: number
  /** For a connection on which nothing moves, and for one between two requests. */
  readonly idleMs: number
  readonly keepAliveMs: number
  readonly connectionsMax: number
}

const standardLimits: Limits = {
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 60_000,
  keepAliveMs: 10_000,
  connectionsMax: 256,
}
const bodyBytesMax = 1024 * 1024
const sourceNameLengthMax = 63
const closeMs = 2000

/** Every answer is what it says it is, and out of date at once. */
const everywhere = { "x-content-type-options": "nosniff", "cache-control": "no-store" }

export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:8484` */
  readonly address: string
}

/** Listens; the answer comes when connections are accepted. Disposing ends waits and lets running answers finish. */
export async function openServer(options: ServerOptions): Promise<Server> {
  const limits = { ...standardLimits, ...options.limits }
  const closing = new AbortController()
  const app = build(limits, options)
  const { daemon, secrets, clock, token, metricsAuth, listen } = options
  const auth = { token, secrets, host: listen.host }
  const context: Context = { daemon, secrets, clock, auth, token, metricsAuth, closing: closing.signal }
  addReadRoutes(app, context)
  addActionRoutes(app, context)
  app.server.maxConnections = limits.connectionsMax
  const address = await app.listen({ host: listen.host, port: listen.port })
  return {
    address,
    async [Symbol.asyncDispose]() {
      closing.abort()
      const closed = new AbortController()
      // A client that doesn't take its answer must not hold up the end.
      const cut = clock.sleep(closeMs, closed.signal).then(
        () => app.server.closeAllConnections(),
        () => undefined,
      )
      await app.close()
      closed.abort()
      await cut
    },
  }
}

function build(limits: Limits, options: ServerOptions): FastifyInstance {
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
  // Every body stays as it came: signatures are over bytes, and what isn't signed is parsed by hand.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(everywhere)
  })
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new HttpProblem(404, "there is nothing at this path"), options),
  )
  app.setErrorHandler((error: FastifyError | HttpProblem, _request, reply) => sendError(reply, error, options))
  return app
}

function sendError(reply: FastifyReply, error: FastifyError | HttpProblem, options: ServerOptions): FastifyReply {
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
