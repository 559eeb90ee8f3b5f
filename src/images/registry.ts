import { isJsonObject, type Json } from "../core/json.ts"
import type { SecretReader } from "../core/secret.ts"
import type { RegistryAccess } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { waitOf } from "../lib/http/hints.ts"
import { Http, type HttpAnswer, type HttpRequest } from "../lib/http/http.ts"
import { isLoopback } from "../lib/loopback.ts"
import { Lru } from "../lib/lru.ts"
import { isName, isSameHouse, parseChallenge, realmUrl, type Challenge } from "./challenge.ts"
import { because, Unanswered } from "./failures.ts"
import type { ImageReference } from "./reference.ts"

/** What one look at a registry came to; `retryAfterMs` is how long it asked us to wait, if it did. */
export interface Answer {
  readonly kind: "there" | "missing" | "unknown"
  readonly message: string
  readonly retryAfterMs: number | null
}

interface Question {
  readonly image: ImageReference
  readonly access: RegistryAccess | null
  readonly registry: URL
  readonly signal: AbortSignal
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ")
/** Those, and the older ones that a server may answer with all the same. */
const manifestType = /^application\/vnd\.(?:oci\.image|docker\.distribution)\.[\w.+-]+\s*(?:;|$)/
const tokenBytesMax = 64 * 1024
const tokensMax = 1_000
const tokenUsualS = 60
const tokenMaxS = 3_600
const retryAfterMaxMs = 600_000
const limits = {
  /** For one request in all; a registry that takes longer is asked again later. */
  requestMs: 10_000,
  idleMs: 10_000,
  connectMs: 5_000,
  keepAliveMs: 4_000,
  connectionsPerHost: 4,
}
const dockerHub = "https://registry-1.docker.io"

/** Asks registries (OCI distribution API v2) whether an image is there: one HEAD, with a token where one is wanted. */
export class Registry implements AsyncDisposable {
  readonly #secrets: SecretReader
  readonly #clock: Clock
  readonly #userAgent: string
  readonly #http = new Http(limits)
  readonly #tokens = new Lru<{ readonly token: string; readonly untilMs: number }>(tokensMax)

  constructor(parts: { readonly secrets: SecretReader; readonly clock: Clock; readonly userAgent: string }) {
    this.#secrets = parts.secrets
    this.#clock = parts.clock
    this.#userAgent = parts.userAgent
  }

  /** Never fails: whatever goes wrong is an answer that says so, without a word of the server's own. */
  async look(image: ImageReference, access: RegistryAccess | null, signal: AbortSignal): Promise<Answer> {
    const registry = registryUrl(image.host, access)
    const name = `${image.repository}${image.isDigest ? "@" : ":"}${image.version}`
    if (typeof registry === "string") return unknown(registry)
    try {
      const response = await this.#manifest({ image, access, registry, signal })
      return this.#answer(response, image.host, name)
    } catch (error) {
      if (error instanceof Unanswered) return unknown(error.message)
      return unknown(`${image.host} ${because(error)}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]()
  }

  /** The answer to the manifest's HEAD, after a login where one is wanted. */
  async #manifest(question: Question): Promise<HttpAnswer> {
    const { image, access, registry } = question
    const slot = JSON.stringify([registry.origin, image.repository, access?.credentials ?? null])
    const kept = this.#tokens.get(slot)
    const fresh = kept && kept.untilMs > this.#clock.elapsed() ? `Bearer ${kept.token}` : null
    const first = await this.#head(question, fresh)
    if (first.status !== 401) return first
    this.#tokens.delete(slot)
    const challenge = parseChallenge(first.headers["www-authenticate"])
    if (!challenge) return first
    if (challenge.kind === "bearer") {
      const given = await this.#fetchToken(question, challenge)
      this.#tokens.set(slot, given, 1)
      return this.#head(question, `Bearer ${given.token}`)
    }
    const password = await this.#password(access)
    return password === null ? first : this.#head(question, password)
  }

  async #head({ image, access, registry, signal }: Question, authorization: string | null): Promise<HttpAnswer> {
    const path = `/v2/${image.repository}/manifests/${image.version}`
    const headers = { accept: manifestTypes, ...(authorization !== null && { authorization }) }
    return this.#send("HEAD", new URL(path, registry), { headers, access, reach: reachOf(access), signal })
  }

  async #fetchToken({ image, access, registry, signal }: Question, challenge: Challenge & { kind: "bearer" }) {
    const url = realmUrl(challenge.realm, registry)
    if (!url) throw new Unanswered(`${image.host} sends us to a place for its login that can't be trusted`)
    if (access?.credentials && !isSameHouse(url, registry)) {
      const message = `${image.host} wants its login at ${url.host}, which is another house: the credentials don't go there`
      throw new Unanswered(message)
    }
    if (challenge.service !== null) url.searchParams.set("service", challenge.service)
    url.searchParams.set("scope", challenge.scope ?? `repository:${image.repository}:pull`)
    const authorization = await this.#password(access)
    const headers = authorization === null ? {} : { authorization }
    // Naming a registry in the config names its own house too, and no other.
    const reach = isSameHouse(url, registry) ? reachOf(access) : "public"
    const answer = await this.#send("GET", url, { headers, access, reach, signal })
    return tokenOf(answer, { host: image.host, login: url.host, access, now: this.#clock.elapsed() })
  }

  /** One request. Redirects aren't followed: a registry redirects blobs, never the question whether a manifest is there. */
  async #send(
    method: "HEAD" | "GET",
    url: URL,
    asked: Pick<HttpRequest, "headers" | "reach"> & { access: RegistryAccess | null; signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const request: HttpRequest = {
      method,
      url,
      headers: { "user-agent": this.#userAgent, ...asked.headers },
      caFile: asked.access?.caFile ?? null,
      reach: asked.reach,
      isRepeatable: true,
      bytesMax: () => tokenBytesMax,
    }
    return this.#http.request(request, asked.signal)
  }

  /** Read anew at each use, as all secrets are. */
  async #password(access: RegistryAccess | null): Promise<string | null> {
    if (!access?.credentials) return null
    const { username, password } = access.credentials
    const value = (await this.#secrets.read(password)).reveal()
    return `Basic ${Buffer.from(`${username}:${value}`).toString("base64")}`
  }

  #answer({ status, headers }: HttpAnswer, host: string, name: string): Answer {
    if (status === 200) {
      const isManifest = manifestType.test(String(headers["content-type"] ?? ""))
      if (isManifest) return { kind: "there", message: "", retryAfterMs: null }
      return unknown(
        `${host} answers with something else than a manifest: is it a registry, or a login page before one?`,
      )
    }
    if (status === 404) return { kind: "missing", message: `${host} has no ${name}`, retryAfterMs: null }
    const wait = waitOf(headers, this.#clock.now())
    return unknown(statusMessage(host, status), wait === null ? null : Math.min(wait, retryAfterMaxMs))
  }
}

/** Who may write a manifest must not make us knock at machines that only we reach; who may write the config may. */
function reachOf(access: RegistryAccess | null): HttpRequest["reach"] {
  return access ? "any" : "public"
}

/** Where the registry is, or why it isn't asked. Plain http only on this machine, as Docker does. */
function registryUrl(host: string, access: RegistryAccess | null): URL | string {
  if (host === "docker.io") return new URL(dockerHub)
  const url = URL.parse(`https://${host}`)
  if (!url) return `${host} is no host`
  const local = isLoopback(url.hostname)
  // Whoever may write a manifest must not make us knock at machines that only we reach.
  if (!access && (local || !isName(url.hostname)))
    return `${host} is no public name, so it is asked only when it stands in the source's \`registries\``
  return local ? new URL(`http://${host}`) : url
}

function unknown(message: string, retryAfterMs: number | null = null): Answer {
  return { kind: "unknown", message, retryAfterMs }
}

function statusMessage(host: string, status: number): string {
  if (status === 401 || status === 403) return refused(host, status, null)
  if (status === 429) return `${host} was asked too often (429)`
  if (status >= 300 && status < 400)
    return `${host} redirects (${status}), which isn't followed: is it the registry itself?`
  return `${host} answers with status ${status}`
}

function refused(host: string, status: number, access: RegistryAccess | null): string {
  const why = access?.credentials ? "the credentials were refused" : "no credentials that may read it"
  return `${host} doesn't let us look (${status}): ${why}; see the source's \`registries\``
}

function tokenOf(
  { status, body, isWhole }: HttpAnswer,
  of: { readonly host: string; readonly login: string; readonly access: RegistryAccess | null; readonly now: number },
): { readonly token: string; readonly untilMs: number } {
  if (status === 401 || status === 403) throw new Unanswered(refused(of.host, status, of.access))
  if (status !== 200) throw new Unanswered(`${of.login} answers with status ${status} instead of a token`)
  if (!isWhole) throw new Unanswered("the registry's login answers with more than is read")
  return tokenIn(body.toString("utf8"), of.login, of.now)
}

/** `token`, or `access_token` as OAuth calls it; good for a minute unless it says otherwise. */
function tokenIn(text: string, host: string, now: number): { readonly token: string; readonly untilMs: number } {
  const { token, access_token: other, expires_in: seconds } = jsonObject(text)
  const given = typeof token === "string" && token !== "" ? token : other
  if (typeof given !== "string" || !/^[\w.~+/=-]+$/.test(given)) throw new Unanswered(`${host} gives no token`)
  const lifeS = typeof seconds === "number" && seconds > 0 ? Math.min(seconds, tokenMaxS) : tokenUsualS
  return { token: given, untilMs: now + lifeS * 800 }
}

function jsonObject(text: string): Readonly<Record<string, Json | undefined>> {
  try {
    const value = JSON.parse(text) as Json
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}
