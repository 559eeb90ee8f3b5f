import { lookup } from "node:dns/promises"
import type { Dispatcher } from "undici"
import { toError } from "../errors.ts"
import { unlessAborted } from "../mutex.ts"
import { addressOf, isPublicAddress } from "./addresses.ts"
import { readBounded } from "./body.ts"
import { closedAddress, failureOf, HttpError, isStaleConnection, tooSlow } from "./failures.ts"
import type { Headers } from "./hints.ts"
import { Pools, type PoolLimits, type Way } from "./pools.ts"
import { proxyFor, type Environment } from "./proxies.ts"

export interface HttpLimits extends PoolLimits {
  /** For one request in all. */
  readonly requestMs: number
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | null
  readonly caFile: string | null
  /** `public` for whatever a repository or another server names. */
  readonly reach: Way["reach"]
  /** Asked for again over a fresh connection when a kept one turns out to be closed: nothing that it asks for changes anything. */
  readonly isRepeatable: boolean
  /** How much of the body is read, by what comes before it. */
  readonly bytesMax: (head: HttpHead) => number
}

export interface HttpHead {
  readonly status: number
  readonly headers: Headers
}

export interface HttpAnswer extends HttpHead {
  readonly body: Buffer
  /** false: the body is longer than what was read. */
  readonly isWhole: boolean
}

/**
 * The one way in which requests leave: kept connections, certificate authorities, proxies, time limits, bounded bodies.
 * Knows nothing of what is asked for; redirects are an answer as any other.
 */
export class Http implements AsyncDisposable {
  readonly #limits: HttpLimits
  readonly #environment: Environment
  readonly #pools: Pools

  /** `environment` names the proxies. */
  constructor(limits: HttpLimits, environment: Environment = process.env) {
    this.#limits = limits
    this.#environment = environment
    this.#pools = new Pools(limits)
  }

  /** @throws HttpError when there is no whole answer; the signal's reason when it is aborted. */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const late = AbortSignal.timeout(this.#limits.requestMs)
    try {
      return await this.#send(request, AbortSignal.any([signal, late]))
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof HttpError) throw thrown
      const error = toError(thrown)
      if (late.aborted) throw tooSlow(this.#limits.requestMs, false, error)
      const failure = failureOf(error, { caFile: request.caFile, idleMs: this.#limits.idleMs })
      // Its certificate authorities may have been exchanged: read them anew next time.
      if (failure.failure.kind === "untrusted" && request.caFile !== null) this.#pools.drop(request.caFile)
      throw failure
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pools[Symbol.asyncDispose]()
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, caFile, reach } = request
    const proxy = proxyFor(url, this.#environment)
    if (reach === "public") await unlessAborted(checkPublic(url, proxy), signal)
    const pool = await this.#pools.to({ caFile, proxy, reach })
    const { statusCode: status, headers, body: stream } = await ask(pool, request, signal)
    const bytesMax = request.bytesMax({ status, headers })
    const { bytes, isWhole } = await readBounded(stream, bytesMax, status >= 400 ? "end" : "throw")
    return { status, headers, body: bytes, isWhole }
  }
}

async function ask(pool: Dispatcher, request: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { method, url, headers, body = null, isRepeatable } = request
  const options = { origin: url.origin, path: url.pathname + url.search, method, headers, body, signal }
  return pool.request(options).catch((error: unknown) => {
    if (!isRepeatable || signal.aborted || !isStaleConnection(toError(error))) throw error
    return pool.request(options)
  })
}

/**
 * A connection of our own checks the address that it is made to; an address in the URL is never looked up, and with a
 * proxy only its name can be looked at before.
 */
async function checkPublic(url: URL, proxy: string | null): Promise<void> {
  const address = addressOf(url.hostname)
  if (address !== null && !isPublicAddress(address)) throw closedAddress()
  if (address !== null || proxy === null) return
  const found = await lookup(url.hostname, { all: true })
  if (found.length === 0 || found.some((one) => !isPublicAddress(one.address))) throw closedAddress()
}
