import { readHeaders, type SecretReader } from "../core/secret.ts"
import type { Remote } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { HttpError } from "../lib/http/failures.ts"
import { headerOf } from "../lib/http/hints.ts"
import { Http, type HttpAnswer, type HttpHead, type HttpRequest } from "../lib/http/http.ts"
import { badStatus, noAnswer, notGit, redirected, tooLarge } from "./failures.ts"

const redirectsMax = 3
const advertisementPath = "/info/refs?service=git-upload-pack"
const commandPath = "/git-upload-pack"

/** One of smart HTTP's two requests (gitprotocol-http), below `base`, the URL of the repository. */
export type GitRequest =
  | { readonly kind: "advertisement"; readonly base: string; readonly bytesMax: number }
  | {
      readonly kind: "command"
      readonly base: string
      readonly bytesMax: number
      readonly body: string
      readonly protocol: 0 | 2
    }

export interface GitAnswer {
  readonly body: Buffer
  /** Of the URL that answered in the end: another one than asked for after a redirect. */
  readonly base: string
}

type Step = { readonly kind: "body"; readonly body: Buffer } | { readonly kind: "redirect"; readonly location: string }

export interface Timeouts {
  /** Without a byte. */
  readonly idleMs: number
  /** For one request in all. */
  readonly requestMs: number
}

export const usualTimeouts: Timeouts = { idleMs: 30_000, requestMs: 300_000 }

const connections = {
  connectMs: 15_000,
  connectionsPerHost: 8,
  /** Longer than the usual interval of polls: a new TLS connection costs more than the poll. */
  keepAliveMs: 75_000,
}
/** Of an answer that isn't what was asked for: enough for the reason that it may give. */
const reasonBytesMax = 64 * 1024

/** Smart HTTP's two requests. Knows nothing of what is asked for. */
export class GitHttp implements AsyncDisposable {
  readonly #secrets: SecretReader
  readonly #clock: Clock
  readonly #http: Http

  constructor(parts: { readonly secrets: SecretReader; readonly clock: Clock; readonly timeouts: Timeouts }) {
    this.#secrets = parts.secrets
    this.#clock = parts.clock
    this.#http = new Http({ ...connections, ...parts.timeouts })
  }

  /** The whole body of a 200 answer of Git's own type. @throws GitError with a reason for people. */
  async request(remote: Remote, request: GitRequest, signal: AbortSignal): Promise<GitAnswer> {
    const path = request.kind === "advertisement" ? advertisementPath : commandPath
    let url = new URL(request.base.replace(/\/+$/, "") + path)
    for (let redirects = 0; ; redirects++) {
      const step = await this.#send(remote, request, url, signal)
      if (step.kind === "body") return { body: step.body, base: url.href.slice(0, -path.length) }
      const target = URL.parse(step.location, url.href)
      // A redirected POST loses its body or its method, and another origin must not get the credentials.
      const mayFollow = request.kind === "advertisement" && redirects < redirectsMax && target?.origin === url.origin
      if (!mayFollow || !target.href.endsWith(path)) {
        throw redirected(remote, target ? target.origin + target.pathname : step.location)
      }
      url = target
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]()
  }

  /** Whatever goes wrong below becomes a GitError here; an abort and a missing secret pass as they are. */
  async #send(remote: Remote, request: GitRequest, url: URL, signal: AbortSignal): Promise<Step> {
    const answer = await this.#ask(remote, request, url, signal)
    const { status, headers, body } = answer
    const location = headerOf(headers, "location")
    if (status >= 300 && status < 400 && location !== null) return { kind: "redirect", location }
    if (status !== 200)
      throw badStatus(remote, answer, { nowMs: this.#clock.now(), mask: (text) => this.#secrets.mask(text) })
    if (!isGit(request, answer)) throw notGit(remote, headerOf(headers, "content-type") ?? "")
    if (!answer.isWhole) throw tooLarge(`${remote.url} sends more than ${request.bytesMax} bytes in one answer`)
    return { kind: "body", body }
  }

  async #ask(remote: Remote, request: GitRequest, url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    const extra = await readHeaders(this.#secrets, remote.headers)
    const asked: HttpRequest = {
      method: request.kind === "advertisement" ? "GET" : "POST",
      url,
      headers: { ...extra, ...headersOf(request), ...(await this.#authorization(remote)) },
      body: request.kind === "command" ? request.body : null,
      caFile: remote.caFile,
      reach: "any",
      isRepeatable: true,
      bytesMax: (head) => (head.status === 200 && isGit(request, head) ? request.bytesMax : reasonBytesMax),
    }
    return this.#http.request(asked, signal).catch((error: unknown) => {
      throw error instanceof HttpError ? noAnswer(remote, error) : error
    })
  }

  /** Credentials go up front, as asking first would double the requests, and are read anew each time. */
  async #authorization({ credentials }: Remote): Promise<Readonly<Record<string, string>>> {
    if (!credentials) return {}
    const password = (await this.#secrets.read(credentials.password)).reveal()
    return { authorization: `Basic ${Buffer.from(`${credentials.username}:${password}`).toString("base64")}` }
  }
}

/** Whether an answer is of Git's own type. */
function isGit({ kind }: GitRequest, { headers }: HttpHead): boolean {
  const wanted = kind === "advertisement" ? "advertisement" : "result"
  return (headerOf(headers, "content-type") ?? "").startsWith(`application/x-git-upload-pack-${wanted}`)
}

function headersOf(request: GitRequest): Readonly<Record<string, string>> {
  // Some hosts tell Git clients from browsers by how the name begins.
  const common = { "user-agent": "git/lockstep", pragma: "no-cache" }
  if (request.kind === "advertisement") return { ...common, accept: "*/*", "git-protocol": "version=2" }
  return {
    ...common,
    accept: "application/x-git-upload-pack-result",
    "content-type": "application/x-git-upload-pack-request",
    ...(request.protocol === 2 && { "git-protocol": "version=2" }),
  }
}
