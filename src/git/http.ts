import { readFileSync } from "node:fs"
import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici"
import type { SecretReader } from "../core/secret.ts"
import type { Remote } from "../core/source.ts"
import { GitError, toError } from "../lib/errors.ts"
import { badAnswer } from "./pkt-line.ts"

const idleMs = 30_000
const requestMs = 300_000
const connectMs = 15_000
const connectionsMax = 8
const redirectsMax = 3
/** The largest pack that is taken: all of a filterless server's files at one commit. */
const answerBytesMax = 512 * 1024 * 1024

export interface GitRequest {
  readonly method: "GET" | "POST"
  /** Below the repository's URL, for example `info/refs?service=git-upload-pack`. */
  readonly path: string
  readonly body?: string
  readonly protocol: 0 | 2
}

/** Smart HTTP's two requests, with pooled connections. Knows nothing of what is asked for. */
export class GitHttp implements AsyncDisposable {
  readonly #secrets: SecretReader
  readonly #dispatchers = new Map<string, Dispatcher>()
  readonly #timeouts: { readonly idleMs: number; readonly requestMs: number }

  constructor(
    secrets: SecretReader,
    timeouts: { readonly idleMs: number; readonly requestMs: number } = { idleMs, requestMs },
  ) {
    this.#secrets = secrets
    this.#timeouts = timeouts
  }

  /** The whole body of a 200 answer of the right type. @throws GitError with a reason for people. */
  async request(remote: Remote, request: GitRequest, signal: AbortSignal): Promise<Buffer> {
    const late = AbortSignal.timeout(this.#timeouts.requestMs)
    let url = `${remote.url.replace(/\/+$/, "")}/${request.path}`
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(remote, request, url, AbortSignal.any([signal, late])).catch((error: unknown) => {
        signal.throwIfAborted()
        throw error instanceof GitError ? error : away(remote, toError(error), this.#secrets)
      })
      if (answer.kind === "body") return answer.body
      // A POST that is answered by a redirect would lose its body on the way.
      if (request.method === "POST" || redirects >= redirectsMax) throw redirected(answer.location)
      const target = new URL(answer.location, url)
      if (target.origin !== new URL(url).origin) throw redirected(target.origin + target.pathname)
      url = target.href
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const dispatcher of this.#dispatchers.values()) await dispatcher.destroy()
  }

  async #send(
    remote: Remote,
    request: GitRequest,
    url: string,
    signal: AbortSignal,
  ): Promise<{ kind: "body"; body: Buffer } | { kind: "redirect"; location: string }> {
    const target = new URL(url)
    const response = await this.#dispatcher(remote).request({
      origin: target.origin,
      path: target.pathname + target.search,
      method: request.method,
      headers: { ...(await this.#headers(remote)), ...protocolHeaders(request) },
      body: request.body ?? null,
      signal,
    })
    const { statusCode: status, headers } = response
    if (status >= 300 && status < 400 && typeof headers["location"] === "string") {
      await response.body.dump()
      return { kind: "redirect", location: headers["location"] }
    }
    if (status !== 200) {
      await response.body.dump()
      throw refused(remote, status, headers["retry-after"])
    }
    const body = await collect(response.body)
    const wanted =
      request.method === "GET" ? "application/x-git-upload-pack-advertisement" : "application/x-git-upload-pack-result"
    if (!String(headers["content-type"]).startsWith(wanted)) {
      throw badAnswer(
        `it is ${String(headers["content-type"])}, not Git's: a login page, or not the URL of a repository?`,
      )
    }
    return { kind: "body", body }
  }

  /** Credentials go up front, read anew each time: asking first would cost a request per poll. */
  async #headers({ credentials }: Remote): Promise<Record<string, string>> {
    const common = { "user-agent": "git/lockstep", accept: "*/*" }
    if (!credentials) return common
    const password = (await this.#secrets.read(credentials.password)).reveal()
    const basic = Buffer.from(`${credentials.username}:${password}`).toString("base64")
    return { ...common, authorization: `Basic ${basic}` }
  }

  #dispatcher({ caFile }: Remote): Dispatcher {
    const known = this.#dispatchers.get(caFile ?? "")
    if (known) return known
    const ca = caFile === null ? {} : { ca: readFileSync(caFile, "utf8") }
    const settings = {
      connections: connectionsMax,
      headersTimeout: this.#timeouts.idleMs,
      bodyTimeout: this.#timeouts.idleMs,
      connect: { timeout: connectMs, ...ca },
    }
    const proxied = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => process.env[name])
    const dispatcher = proxied ? new EnvHttpProxyAgent(settings) : new Agent(settings)
    this.#dispatchers.set(caFile ?? "", dispatcher)
    return dispatcher
  }
}

function protocolHeaders({ method, protocol }: GitRequest): Record<string, string> {
  const version = protocol === 2 ? { "git-protocol": "version=2" } : {}
  const type = {
    "content-type": "application/x-git-upload-pack-request",
    accept: "application/x-git-upload-pack-result",
  }
  return method === "POST" ? { ...version, ...type } : version
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > answerBytesMax) {
      throw new GitError(`the Git server sends more than ${answerBytesMax} bytes`, {
        kind: "stalled",
        code: "git-too-large",
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refused(remote: Remote, status: number, retryAfter: string | string[] | undefined): GitError {
  const seconds = typeof retryAfter === "string" ? Number(retryAfter) : Number.NaN
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : null
  const given = remote.credentials ? "the credentials of this source are refused" : "this source has no credentials"
  switch (status) {
    case 401:
    case 203:
      return new GitError(`${remote.url} wants a login (${status}): ${given}`, { kind: "stalled", code: "git-auth" })
    case 403:
      return new GitError(`${remote.url} is forbidden (403): ${given}, or they lack the right to read`, {
        kind: "stalled",
        code: "git-forbidden",
      })
    case 404:
    case 410:
      return new GitError(`${remote.url} isn't there (${status}), or hidden from these credentials`, {
        kind: "stalled",
        code: "git-repository-not-found",
      })
    default:
      return new GitError(`${remote.url} answered ${status}`, { kind: "transient", code: "git-away", retryAfterMs })
  }
}

function away(remote: Remote, cause: Error, secrets: SecretReader): GitError {
  const why = cause.name === "TimeoutError" ? "it took too long" : secrets.mask(cause.message)
  return new GitError(`${remote.url} can't be reached: ${why}`, { kind: "transient", code: "git-away", cause })
}

function redirected(location: string): GitError {
  const message = `the Git server sends us to ${location}: configure that URL, if you trust it with the credentials`
  return new GitError(message, { kind: "stalled", code: "git-redirected" })
}
