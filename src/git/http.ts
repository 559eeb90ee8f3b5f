import type { SecretReader } from "../core/secret.ts"
import type { Remote } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { LockstepError, toError } from "../lib/errors.ts"
import { Connections, type Timeouts } from "./connections.ts"
import {
  badStatus,
  isStaleConnection,
  isTimeout,
  notGit,
  redirected,
  tooLarge,
  tooSlow,
  unreachable,
} from "./failures.ts"
import type { Dispatcher } from "undici"

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

/** Smart HTTP's two requests, over pooled connections. Knows nothing of what is asked for. */
export class GitHttp implements AsyncDisposable {
  readonly #secrets: SecretReader
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #connections: Connections

  constructor(parts: { readonly secrets: SecretReader; readonly clock: Clock; readonly timeouts: Timeouts }) {
    this.#secrets = parts.secrets
    this.#clock = parts.clock
    this.#timeouts = parts.timeouts
    this.#connections = new Connections(parts.timeouts)
  }

  /** The whole body of a 200 answer of Git's own type. @throws GitError with a reason for people. */
  async request(remote: Remote, request: GitRequest, signal: AbortSignal): Promise<GitAnswer> {
    const path = request.kind === "advertisement" ? advertisementPath : commandPath
    let url = new URL(request.base.replace(/\/+$/, "") + path)
    for (let redirects = 0; ; redirects++) {
      const step = await this.#try(remote, request, url, signal)
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
    await this.#connections[Symbol.asyncDispose]()
  }

  /** Whatever goes wrong below becomes a GitError here; an abort and a missing secret pass as they are. */
  async #try(remote: Remote, request: GitRequest, url: URL, signal: AbortSignal): Promise<Step> {
    const late = AbortSignal.timeout(this.#timeouts.requestMs)
    try {
      return await this.#send(remote, request, url, AbortSignal.any([signal, late]))
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof LockstepError) throw thrown
      const error = toError(thrown)
      if (late.aborted) throw tooSlow(remote, this.#timeouts.requestMs, error)
      if (isTimeout(error)) throw tooSlow(remote, this.#timeouts.idleMs, error)
      const failure = unreachable(remote, error)
      // Its certificate authorities may have been exchanged: read them anew next time.
      if (failure.code === "git-tls" && remote.caFile !== null) this.#connections.drop(remote.caFile)
      throw failure
    }
  }

  async #send(remote: Remote, request: GitRequest, url: URL, signal: AbortSignal): Promise<Step> {
    const response = await this.#ask(remote, request, url, signal)
    const { statusCode: status, body, headers } = response
    const location = textOf(headers["location"])
    if (status !== 200) await body.dump()
    if (status >= 300 && status < 400 && location !== null) return { kind: "redirect", location }
    if (status !== 200) {
      throw badStatus(remote, status, { header: textOf(headers["retry-after"]), now: this.#clock.now() })
    }
    const type = textOf(headers["content-type"]) ?? ""
    const wanted = request.kind === "advertisement" ? "advertisement" : "result"
    if (!type.startsWith(`application/x-git-upload-pack-${wanted}`)) {
      await body.dump()
      throw notGit(remote, type)
    }
    return { kind: "body", body: await collect(remote, body, request.bytesMax) }
  }

  /** Sent once more over a fresh connection if a kept one turns out to be closed: nothing we ask for changes anything. */
  async #ask(remote: Remote, request: GitRequest, url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const dispatcher = await this.#connections.to(remote.caFile)
    const options = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.kind === "advertisement" ? "GET" : "POST",
      headers: { ...headersOf(request), ...(await this.#authorization(remote)) },
      body: request.kind === "command" ? request.body : null,
      signal,
    } as const
    return dispatcher.request(options).catch((error: unknown) => {
      if (signal.aborted || !isStaleConnection(toError(error))) throw error
      return dispatcher.request(options)
    })
  }

  /** Credentials go up front, as asking first would double the requests, and are read anew each time. */
  async #authorization({ credentials }: Remote): Promise<Readonly<Record<string, string>>> {
    if (!credentials) return {}
    const password = (await this.#secrets.read(credentials.password)).reveal()
    return { authorization: `Basic ${Buffer.from(`${credentials.username}:${password}`).toString("base64")}` }
  }
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

async function collect({ url }: Remote, body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge(`${url} sends more than ${bytesMax} bytes in one answer`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === "string" ? header : null
}
