import { randomUUID } from "node:crypto"
import { cleanText, readHeaders, type SecretReader } from "../core/secret.ts"
import { isJsonObject, type Json } from "../core/json.ts"
import type { Workspace } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { ConfigError, PrefectError, toError } from "../lib/errors.ts"
import { HttpError } from "../lib/http/failures.ts"
import { Http, type HttpAnswer } from "../lib/http/http.ts"
import { bodyBytesMax, readAnswer, wordsOf, type Answer } from "./answer.ts"
import { fenceOf } from "../lib/fence.ts"
import { Budget, Gate } from "./budget.ts"
import { jsonText } from "./json-text.ts"

export interface TransportOptions {
  readonly workspace: Workspace
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly userAgent: string
  readonly requestMs?: number
  readonly onRequest?: (request: PrefectRequest) => void
}
interface PrefectRequest {
  readonly method: string
  /** Ids left out. */
  readonly route: string
  readonly status: string
  readonly durationMs: number
}

/**
 * `read`: may be sent again at will. `write`: may be sent again when it was refused for the moment; a lost answer is an
 * error, because only reading tells whether it arrived.
 */
type Intent = "read" | "write"

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path: string
  /** The path with its ids left out, for the metrics. */
  readonly route?: string
  readonly body?: unknown
  readonly intent: Intent
  /** Statuses that are an answer to the caller, not an error. */
  readonly expect?: readonly number[]
}

const requestMs = 30_000
const triesMax = 5
const waitBaseMs = 250
const waitCapMs = 30_000
const connections = {
  connectMs: 10_000,
  connectionsPerHost: 8,
  /** Below the 5 s after which uvicorn closes an idle connection. */
  keepAliveMs: 4_000,
}
/** So many writes in a row without a refusal before one more goes at a time. */
const writesToRise = 50
const momentary = new Set([408, 429, 502, 503, 504])
/** A proxy's words for having sent a request on and heard nothing: a write may have arrived. */
const gatewayLost = new Set([502, 504])

/** One Prefect API: connections, authentication, pace and retries. Knows nothing of what is asked for. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions
  readonly #budget: Budget
  readonly #reads: Gate
  readonly #writes: Gate
  readonly #http: Http
  #csrf: { readonly client: string; readonly token: string } | "off" | null = null
  /** The server's time when ours had elapsed by nothing; null = no answer has told it yet. */
  #serverMs: number | null = null
  #unrefused = 0

  constructor(options: TransportOptions) {
    const { requests } = options.workspace
    this.#options = options
    const limitMs = options.requestMs ?? requestMs
    this.#http = new Http({ ...connections, idleMs: limitMs, requestMs: limitMs })
    this.#budget = new Budget(requests.perSecond, options.clock)
    this.#reads = new Gate(requests.reads)
    this.#writes = new Gate(1)
  }

  /** Milliseconds since the epoch by the server's clock, as exactly as its Date header tells (a second). */
  serverNowMs(): number {
    return this.#serverMs === null ? this.#options.clock.now() : this.#options.clock.elapsed() + this.#serverMs
  }

  /** @throws PrefectError for any answer but 2xx and what the call expects. */
  async call(call: Call, signal: AbortSignal): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(call, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof PrefectError) || tries >= triesMax || !mayRetry(error, call.intent)) throw error
        const wait = error.retryAfterMs ?? Math.min(waitCapMs, waitBaseMs * 2 ** tries * this.#options.clock.random())
        // Whoever asks for more patience than a call has gets it from the loop above, which reads `retryAfterMs` too.
        if (wait > waitCapMs) throw error
        await this.#options.clock.sleep(wait, signal)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]()
  }

  async #once(call: Call, signal: AbortSignal): Promise<Answer> {
    const gate = call.intent === "read" ? this.#reads : this.#writes
    // By method, not by intent: Prefect asks for the token on each POST, a filter's too (`server/utilities/server.py`).
    const csrf = call.method === "GET" ? {} : await this.#csrfHeaders(signal)
    const answer = await gate.through(async () => {
      await this.#budget.take(signal)
      if (call.intent === "write") await fenceOf(signal)?.pass()
      return this.#send(call, csrf, signal)
    }, signal)
    if (call.intent === "write") this.#adapt(answer.status)
    if (answer.status < 300 || call.expect?.includes(answer.status)) return answer
    throw this.#refusal(call, answer)
  }

  async #send(call: Call, csrf: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const { clock, onRequest } = this.#options
    const started = clock.elapsed()
    let status = "error"
    try {
      const response = await this.#request(call, csrf, signal)
      status = String(response.status)
      const answer = readAnswer(response, clock.now())
      if (answer.serverMs !== null) this.#serverMs = answer.serverMs - clock.elapsed()
      return answer
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ConfigError) throw error
      // An answer that can't be read doesn't tell whether the write was carried out.
      if (error instanceof PrefectError && call.intent === "read") throw error
      throw this.#lost(call, toError(error))
    } finally {
      onRequest?.({
        method: call.method,
        route: call.route ?? call.path,
        status,
        durationMs: clock.elapsed() - started,
      })
    }
  }

  async #request(call: Call, csrf: Record<string, string>, signal: AbortSignal): Promise<HttpAnswer> {
    const { secrets, workspace, userAgent } = this.#options
    const extra = await readHeaders(secrets, workspace.headers)
    const own = { ...(await this.#authorization()), ...csrf, "user-agent": userAgent, "accept-encoding": "gzip" }
    const body = call.body === undefined ? null : jsonText(call.body)
    const { origin, pathname } = new URL(workspace.apiUrl)
    const request = {
      method: call.method,
      url: new URL(origin + pathname.replace(/\/$/, "") + call.path),
      headers: { ...extra, ...own, ...(body !== null && { "content-type": "application/json" }) },
      body,
      caFile: workspace.caFile,
      reach: "any",
      // What was sent twice may have been done twice; the loop of `call` sees to it.
      isRepeatable: false,
      bytesMax: () => bodyBytesMax,
    } as const
    return this.#http.request(request, signal)
  }

  /** No answer. One that was never sent can be sent again; of the others nobody knows. */
  #lost(call: Call, cause: Error): PrefectError {
    const failure = cause instanceof HttpError ? cause.failure : null
    if (call.intent === "write") {
      this.#unrefused = 0
      this.#writes.width = Math.floor(this.#writes.width / 2)
    }
    const code = call.intent === "write" && !failure?.unsent ? "answer-lost" : "prefect-away"
    const why = failure ? cause.message : `can't be reached: ${cause.message}`
    const message = `Prefect at ${this.#options.workspace.apiUrl} ${cleanText(why, (text) => this.#options.secrets.mask(text))}`
    return new PrefectError(message, { kind: "transient", code, status: null, cause })
  }

  #refusal(call: Call, { status, body, retryAfterMs }: Answer): PrefectError {
    const words = wordsOf(body)
    const detail = words === null ? null : cleanText(words, (text) => this.#options.secrets.mask(text))
    const what = `${call.method} ${call.route ?? call.path}`
    if (status === 401 || status === 403) return this.#unauthorized(status, detail)
    if (call.intent === "write" && gatewayLost.has(status)) {
      const message = `a proxy before Prefect answered ${status} to ${what}: whether it was carried out must be read`
      return new PrefectError(message, { kind: "transient", code: "answer-lost", status, detail, retryAfterMs })
    }
    if (momentary.has(status) || status >= 500) {
      const message = `Prefect answered ${status} to ${what}`
      return new PrefectError(message, { kind: "transient", code: "prefect-away", status, detail, retryAfterMs })
    }
    const code = status === 404 || status === 405 ? "not-found" : "refused"
    const message = code === "not-found" ? this.#missing(call, status) : `Prefect refused ${what} (${status})`
    return new PrefectError(message, { kind: "stalled", code, status, detail })
  }

  /** What every server has isn't there, so this is none: its pages answer at the same port, without `/api`. */
  #missing({ method, route, path }: Call, status: number): string {
    const what = `${method} ${route ?? path}`
    if (/[{]|\d/.test(route ?? path)) return `Prefect refused ${what} (${status})`
    const { name, apiUrl } = this.#options.workspace
    const hint = apiUrl.endsWith("/api") ? "" : `; most end with /api: ${apiUrl}/api`
    return `${apiUrl} has no ${what} (${status}), so it is no Prefect API: check apiUrl of workspace ${name}${hint}`
  }

  #unauthorized(status: number, detail: string | null): PrefectError {
    if (status === 403 && detail !== null && /csrf/i.test(detail)) {
      this.#csrf = null
      return new PrefectError("Prefect wants a new CSRF token", { kind: "transient", code: "csrf", status, detail })
    }
    const message = `Prefect refuses our credentials (${status}): check apiKey or authString of workspace ${this.#options.workspace.name}`
    return new PrefectError(message, { kind: "stalled", code: "prefect-auth", status, detail })
  }

  /** Writes go one at a time, and up to the configured number while nothing is refused; a refusal halves them. */
  #adapt(status: number): void {
    if (status === 503) {
      this.#unrefused = 0
      this.#writes.width = Math.floor(this.#writes.width / 2)
    } else if (++this.#unrefused >= writesToRise) {
      this.#unrefused = 0
      this.#writes.width = Math.min(this.#options.workspace.requests.writes, this.#writes.width + 1)
    }
  }

  async #authorization(): Promise<Record<string, string>> {
    const { auth } = this.#options.workspace
    if (auth.kind === "none") return {}
    const { secrets } = this.#options
    if (auth.kind === "apiKey") return { authorization: `Bearer ${(await secrets.read(auth.key)).reveal()}` }
    const text = (await secrets.read(auth.authString)).reveal()
    return { authorization: `Basic ${Buffer.from(text).toString("base64")}` }
  }

  /** A server with CSRF protection wants a token of an hour with each write; the others say 422 or 404 once. */
  async #csrfHeaders(signal: AbortSignal): Promise<Record<string, string>> {
    if (this.#csrf === null) this.#csrf = await this.#fetchCsrf(signal)
    if (this.#csrf === "off") return {}
    return { "prefect-csrf-token": this.#csrf.token, "prefect-csrf-client": this.#csrf.client }
  }

  async #fetchCsrf(signal: AbortSignal): Promise<{ client: string; token: string } | "off"> {
    if (this.#options.workspace.auth.kind === "apiKey") return "off"
    const client = randomUUID()
    const path = `/csrf-token?client=${client}`
    const expect = [404, 422]
    // Tried once: the call that needs the token is tried again as a whole.
    const { status, body } = await this.#once(
      { method: "GET", path, route: "/csrf-token", intent: "read", expect },
      signal,
    )
    const token: Json | undefined = isJsonObject(body) ? body["token"] : undefined
    return status < 300 && typeof token === "string" ? { client, token } : "off"
  }
}

function mayRetry(error: PrefectError, intent: Intent): boolean {
  if (error.code === "csrf") return true
  if (error.kind !== "transient" || error.code === "answer-lost") return false
  // A 500 in the middle of a write may have done half of it; the refusals of a moment have done nothing.
  return intent === "read" || error.status === null || momentary.has(error.status)
}
