import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { SourceName } from "../core/model.ts"
import type { AccessToken } from "../core/access.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Clock } from "../lib/clock.ts"
import type { SourceView } from "../observe/board.ts"
import { checkReader, type AuthOptions } from "./auth.ts"
import { Places, type Connections } from "./connections.ts"
import { pagePolicy, statusPage } from "./page.ts"
import type { Daemon } from "./ports.ts"
import { jsonText, presentHistory, presentPlan, presentStatus } from "./present.ts"
import { HttpProblem } from "./problem.ts"

/** What all routes share. */
export interface Context {
  readonly daemon: Daemon
  readonly secrets: SecretReader
  readonly clock: Clock
  /** As the config says now. */
  readonly settings: () => {
    readonly listen: { readonly host: string }
    readonly tokens: readonly AccessToken[]
    readonly metricsAuth: boolean
  }
  readonly connections: Connections
  /** Aborted when the server closes: nothing waits longer. */
  readonly closing: AbortSignal
}

/** An answer of `/metrics` is large, and somebody who asks for it may be slow to take it. */
const scrapesMax = 8

/** Health, metrics, and everything that only reads. */
export function addReadRoutes(app: FastifyInstance, context: Context): void {
  const { daemon, connections } = context
  const scrapes = new Places(scrapesMax)
  const onRequest = async (request: FastifyRequest) => {
    const name = await checkReader(credentialsOf(request), authOf(context))
    if (name !== null) connections.keep(request.raw.socket)
  }

  app.get("/livez", (_request, reply) => {
    if (!daemon.alive()) throw new HttpProblem(503, "the loop doesn't turn")
    return sendJson(reply, context, { status: "ok", waiting: daemon.board.waiting() })
  })
  app.get("/readyz", (_request, reply) => {
    if (daemon.stopping()) throw new HttpProblem(503, "shutting down")
    const waiting = daemon.board.unfinished()
    if (!daemon.board.ready())
      throw new HttpProblem(503, "sources haven't finished a turn yet", {
        members: { sources: waiting, waiting: daemon.board.waiting() },
      })
    return sendJson(reply, context, { status: "ok", waiting: daemon.board.waiting() })
  })
  app.get("/metrics", async (request, reply) => {
    if (context.settings().metricsAuth) await onRequest(request)
    else scrapes.enter(request.raw.socket)
    const accept = request.headers.accept ?? ""
    const { contentType, body } = await daemon.metrics(accept.includes("application/openmetrics-text"))
    reply.raw.once("finish", () => scrapes.leave(request.raw.socket))
    return reply.type(contentType).send(body)
  })
  app.get("/api/v1/sources", { onRequest }, (_request, reply) => {
    const sources = daemon.board.snapshot().map((status) => presentStatus(status, maskOf(context)))
    return sendJson(reply, context, { sources })
  })
  app.get("/api/v1/sources/:name", { onRequest }, (request, reply) =>
    sendJson(reply, context, presentStatus(viewOf(request, context).status, maskOf(context))),
  )
  app.get("/api/v1/sources/:name/plan", { onRequest }, (request, reply) => {
    const { plan, results } = viewOf(request, context)
    if (!plan) throw new HttpProblem(404, "there is no plan yet: no turn of this source has come that far")
    return sendJson(reply, context, presentPlan(plan, { showValues: false, mask: maskOf(context), results }))
  })
  app.get("/api/v1/sources/:name/history", { onRequest }, (request, reply) => {
    const history = daemon.history(viewOf(request, context).status.name)
    return sendJson(reply, context, { history: presentHistory(history, maskOf(context)) })
  })
  app.get("/", { onRequest }, (_request, reply) => {
    const mask = maskOf(context)
    const sources = daemon.board.snapshot().map((status) => maskTexts(presentStatus(status, mask), mask))
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", pagePolicy)
      .header("referrer-policy", "no-referrer")
      .send(statusPage(sources))
  })
}

export function sendJson(reply: FastifyReply, context: Context, value: unknown): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(`${jsonText(value, maskOf(context))}\n`)
}

export function authOf({ settings, secrets }: Context): AuthOptions {
  const { tokens, listen } = settings()
  return { tokens, secrets, host: listen.host }
}

export function maskOf({ secrets }: Pick<Context, "secrets">): (text: string) => string {
  return (text) => secrets.mask(text)
}

export function credentialsOf({ headers }: FastifyRequest): {
  readonly authorization: string | undefined
  readonly host: string | undefined
} {
  return { authorization: headers.authorization, host: headers.host }
}

/** The source that the path names. @throws HttpProblem 404 */
export function viewOf(request: FastifyRequest, context: Context): SourceView {
  const view = context.daemon.board.view(nameOf(request))
  if (!view) throw new HttpProblem(404, "no such source is configured")
  return view
}

export function nameOf(request: FastifyRequest): SourceName {
  return (request.params as { readonly name: string }).name as SourceName
}

/** The page is text and not JSON, so what goes into it is masked before. */
function maskTexts<T>(value: T, mask: (text: string) => string): T {
  return JSON.parse(jsonText(value, mask)) as T
}
