import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { Revision, SourceName } from "../core/model.ts"
import type { SourceStatus } from "../core/status.ts"
import { isoTime } from "../lib/clock.ts"
import { LockstepError } from "../lib/errors.ts"
import { actOf, byOf, witnessed } from "./acts.ts"
import { checkOperator, readSecret } from "./auth.ts"
import { Places } from "./connections.ts"
import type { Operated, Operations, Refused } from "./ports.ts"
import { presentStatus } from "./present.ts"
import { HttpProblem } from "./problem.ts"
import { pushesIn, repositoriesIn } from "./payload.ts"
import { Deliveries, isSigned, isUnsignedTest, signatureOf } from "./receiver.ts"
import { parseCommit, parseOperation, parseWait, type OperationBody } from "./request.ts"
import { authOf, credentialsOf, maskOf, nameOf, sendJson, viewOf, type Context } from "./routes.ts"
import { waitForTurns } from "./wait-for-turns.ts"

const operationMs = 60_000
/** Each waits with a connection; the rest of them must stay free for probes and readers. */
const waitersMax = 100
/** Each may hold a body of the size limit in memory before its signature is known. */
const hookBodiesMax = 16
const hookBytesMax = 5 * 1024 * 1024
/** More than the wait itself: the socket's own time-out must not end it. */
const waitMarginMs = 30_000

/** Everything that asks for something: turns, a person's operations, webhooks. */
export function addActionRoutes(app: FastifyInstance, context: Context): void {
  const callers = new WeakMap<FastifyRequest, string>()
  const onRequest = async (request: FastifyRequest) => {
    callers.set(request, await checkOperator(credentialsOf(request), authOf(context)))
    context.connections.keep(request.raw.socket)
  }
  const callerOf = (request: FastifyRequest): string => callers.get(request) ?? ""
  const sync = syncer(context, callerOf)

  app.post("/api/v1/sync", { onRequest }, (request, reply) => {
    const active = context.daemon.board.snapshot().filter(({ suspend }) => !suspend)
    return sync(request, reply, active, { shape: (sources) => ({ sources }) })
  })
  app.post("/api/v1/sources/:name/sync", { onRequest }, (request, reply) => {
    const { status } = viewOf(request, context)
    if (status.suspend) throw new HttpProblem(409, "the source is suspended: resume it first")
    return sync(request, reply, [status], { shape: ([only]) => only, commit: parseCommit(request) })
  })
  for (const [name, run] of Object.entries(operations))
    app.post(`/api/v1/sources/:name/${name}`, { onRequest }, async (request, reply) => {
      const { status } = viewOf(request, context)
      const asked = parseOperation(request.body, context.clock.now())
      const body = { ...asked, by: byOf(callerOf(request), asked.by) }
      const signal = AbortSignal.any([context.closing, AbortSignal.timeout(operationMs)])
      const work = () => run(context.daemon.operations, { source: status.name, body, signal })
      const told = actOf(name, [status.name], { ...body, hold: status.hold ?? null, at: isoTime(context.clock.now()) })
      const after = await operated(() => witnessed(context, told, work), maskOf(context))
      return sendJson(reply, context, presentStatus(after.status, maskOf(context)))
    })
  // The source is one that the config doesn't have, so there is no status to answer with.
  app.post("/api/v1/sources/:name/release", { onRequest }, async (request, reply) => {
    const source = nameOf(request)
    const by = byOf(callerOf(request), parseOperation(request.body, context.clock.now()).by)
    const signal = AbortSignal.any([context.closing, AbortSignal.timeout(operationMs)])
    const work = () => context.daemon.operations.release(source, by, signal)
    const told = actOf("release", [source], { by, at: isoTime(context.clock.now()) })
    const { workspaces, unread } = await operated(() => witnessed(context, told, work), maskOf(context))
    return sendJson(reply, context, { source, workspaces, unread })
  })
  addHookRoute(app, context)
}

interface Asked {
  readonly source: SourceName
  readonly body: OperationBody & { readonly by: string }
  readonly signal: AbortSignal
}

const operations: Readonly<Record<string, (on: Operations, asked: Asked) => Promise<Operated>>> = {
  suspend: (on, { source, body, signal }) => on.suspend(source, body, signal),
  resume: (on, { source, signal }) => on.resume(source, signal),
  pin: (on, { source, body, signal }) =>
    on.pin(source, { ...body, revision: needed(body.revision, "revision") }, signal),
  unpin: (on, { source, signal }) => on.unpin(source, signal),
  confirm: (on, { source, body, signal }) => on.confirm(source, needed(body.digest, "digest"), signal),
}

function needed<T>(value: T | null, name: string): T {
  if (value === null) throw new HttpProblem(400, `${name} is missing`)
  return value
}

async function operated<T extends { readonly kind: "done" }>(
  run: () => Promise<T | Refused>,
  mask: (text: string) => string,
): Promise<T> {
  try {
    const result = await run()
    if (result.kind === "done") return result
    throw new HttpProblem(409, mask(result.message), { members: { code: result.code } })
  } catch (error) {
    if (error instanceof HttpProblem || !(error instanceof LockstepError)) throw error
    const seconds = Math.ceil((error.retryAfterMs ?? 10_000) / 1000)
    const members = { code: error.code }
    throw error.kind === "transient"
      ? new HttpProblem(503, mask(error.message), { headers: { "retry-after": String(seconds) }, members })
      : new HttpProblem(409, mask(error.message), { members })
  }
}

interface Wish {
  /** Of the answer. */
  readonly shape: (statuses: readonly SourceStatus[]) => unknown
  /** Only a turn that saw it ends the wait. */
  readonly commit?: Revision | null
}

/** Asks for turns and, if wanted, waits until a turn of each is over that started after the request. */
function syncer(context: Context, callerOf: (request: FastifyRequest) => string) {
  const { daemon, clock } = context
  let waiting = 0
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    asked: readonly SourceStatus[],
    { shape, commit = null }: Wish,
  ) => {
    const waitMs = parseWait(request.query)
    if (waitMs !== null && waiting >= waitersMax)
      throw new HttpProblem(503, "too many requests are waiting already", { headers: { "retry-after": "5" } })
    const names = asked.map(({ name }) => name)
    const after = daemon.trigger(names, "sync")
    daemon.acted(actOf("sync", names, { by: callerOf(request), at: isoTime(clock.now()) }))
    const answer = (code: number, statuses: readonly SourceStatus[]) => {
      const shown = statuses.map((status) => presentStatus(status, maskOf(context)))
      return sendJson(reply.code(code), context, shape(shown))
    }
    if (waitMs === null) return answer(202, asked)
    const gone = new AbortController()
    reply.raw.once("close", () => gone.abort())
    request.socket.setTimeout(waitMs + waitMarginMs)
    waiting++
    try {
      const ended = await waitForTurns(context, { names, after, commit, waitMs }, gone.signal)
      const now = names.flatMap((name) => daemon.board.view(name)?.status ?? [])
      if (names.length > 0 && now.length === 0) throw new HttpProblem(404, "the source was removed meanwhile")
      return answer(ended ? 200 : 202, ended ? ended.filter((status) => status !== null) : now)
    } catch (error) {
      if (context.closing.aborted) throw new HttpProblem(503, "shutting down")
      // The client went away, so nobody reads this.
      if (gone.signal.aborted) return answer(202, [])
      throw error
    } finally {
      waiting--
      gone.abort()
    }
  }
}

/** A webhook is only a hint to look: its body says at most where and for which commit, and the signature must fit it. */
function addHookRoute(app: FastifyInstance, context: Context): void {
  const { daemon, secrets } = context
  const deliveries = new Deliveries(context.clock)
  const bodies = new Places(hookBodiesMax)
  const receiverOf = (request: FastifyRequest) => {
    const receiver = daemon.receiver(nameOf(request))
    if (!receiver) throw new HttpProblem(404, "no such webhook is configured")
    return { ...receiver, signature: signatureOf(receiver.provider, request.headers) }
  }
  // Before the body is read: who isn't known or brings no signature at all costs nothing.
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    const { provider, signature } = receiverOf(request)
    if (signature === null && isUnsignedTest(provider, request.headers))
      return sendJson(reply.code(200), context, { accepted: false, test: true })
    if (signature === null) throw new HttpProblem(401, "the request isn't signed")
    bodies.enter(request.raw.socket)
    return undefined
  }
  app.post("/hooks/:name", { onRequest, bodyLimit: hookBytesMax }, async (request, reply) => {
    bodies.leave(request.raw.socket)
    const { provider, secret, signature } = receiverOf(request)
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const expected = await readSecret(secret, secrets, "the webhook's secret")
    const { headers } = request
    const signed = signature && { signature, headers, body, nowMs: context.clock.now() }
    if (!signed || !isSigned(provider, expected.reveal(), signed)) throw new HttpProblem(401, "the signature is wrong")
    const name = nameOf(request)
    const isNew = deliveries.isNew(name, provider, headers, body)
    const sources = daemon.hooked(name, repositoriesIn(body))
    if (isNew) daemon.pushed(sources, pushesIn(body))
    if (isNew && sources.length > 0) daemon.trigger(sources, "webhook")
    return sendJson(reply.code(202), context, { accepted: true, repeated: !isNew, sources: sources.length })
  })
}
