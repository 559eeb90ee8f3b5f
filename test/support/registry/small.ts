import { createHash, randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A small image registry on loopback: manifests by HTTP, passwords, and the token flow, of which it believes nothing. */
export interface SmallRegistry extends AsyncDisposable {
  /** As it stands in image names: `127.0.0.1:PORT`. */
  readonly host: string
  readonly requests: Asked[]
  /** Who may read; null = everybody. `token` also wants everybody to fetch a token first, as Docker Hub does. */
  login: { readonly kind: "basic" | "token"; readonly user: string | null; readonly realm?: string } | null
  /** Answers in the registry's place, or does nothing at all; null = the registry answers. */
  fault: ((asked: Asked, response: ServerResponse) => boolean) | null
  /** Pushes an image, as CI does: by HTTP. */
  push(repository: string, tag: string): Promise<string>
  remove(repository: string, tag: string): void
}
interface Asked {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"
const pushSecret = randomUUID()

/** A whole manifest of an image without layers. */
export function manifestOf(label: string): string {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 }
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config,
    layers: [],
    annotations: { "org.opencontainers.image.version": label },
  })
}

export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`
}

export async function openSmallRegistry(): Promise<SmallRegistry> {
  const manifests = new Map<string, string>()
  const tokens = new Map<string, string>()
  const http = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url = "/" } = request
    const { authorization = null } = request.headers
    const { pathname, searchParams } = new URL(url, "http://registry")
    const [, repository = "", reference = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(pathname) ?? []
    if (method === "PUT") return take(`${repository} `, reference, { request, response })
    const asked = { method, path: url, authorization }
    registry.requests.push(asked)
    if (registry.fault?.(asked, response)) return
    if (pathname === "/token") return giveToken(searchParams, authorization, response)
    if (!mayRead(repository, authorization)) return challenge(repository, response)
    show(`${repository} ${reference}`, method, response)
  }

  const show = (place: string, method: string, response: ServerResponse): void => {
    const found = manifests.get(place)
    if (found === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN")
    const headers = { "content-type": manifestType, "content-length": found.length }
    response.writeHead(200, { ...headers, "docker-content-digest": digestOf(found) })
    response.end(method === "HEAD" ? "" : found)
  }

  /** Only those push that share our secret. */
  const take = async (place: string, reference: string, { request, response }: Exchange): Promise<void> => {
    if (request.headers.authorization !== `Bearer ${pushSecret}`) return refuse(response, 401, "UNAUTHORIZED")
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    for (const name of [reference, digestOf(text)]) manifests.set(place + name, text)
    response.writeHead(201, { "docker-content-digest": digestOf(text) }).end()
  }

  const mayRead = (repository: string, authorization: string | null): boolean => {
    if (!registry.login) return true
    if (registry.login.kind === "basic") return authorization === basic(registry.login.user)
    return tokens.get(authorization?.replace("Bearer ", "") ?? "") === `repository:${repository}:pull`
  }
  const challenge = (repository: string, response: ServerResponse): void => {
    const { kind, realm = `http://${host}/token` } = registry.login ?? { kind: "basic" }
    const scope = `repository:${repository}:pull`
    const wanted = kind === "basic" ? 'Basic realm="small"' : `Bearer realm="${realm}",service="small",scope="${scope}"`
    response.setHeader("www-authenticate", wanted)
    refuse(response, 401, "UNAUTHORIZED")
  }
  const giveToken = (query: URLSearchParams, authorization: string | null, response: ServerResponse): void => {
    const user = registry.login?.user ?? null
    if (user !== null && authorization !== basic(user)) return refuse(response, 401, "UNAUTHORIZED")
    const token = randomUUID()
    tokens.set(token, query.get("scope") ?? "")
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token, expires_in: 300 }))
  }

  const registry: SmallRegistry = {
    host,
    requests: [],
    login: null,
    fault: null,
    async push(repository, tag) {
      const text = manifestOf(`${repository}:${tag}`)
      const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
        method: "PUT",
        headers: { "content-type": manifestType, authorization: `Bearer ${pushSecret}` },
        body: text,
      })
      if (response.status !== 201) throw new Error(`the registry answers ${response.status} to a push`)
      return digestOf(text)
    },
    remove: (repository, tag) => void manifests.delete(`${repository} ${tag}`),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return registry
}

function basic(user: string | null): string {
  return `Basic ${Buffer.from(user ?? "").toString("base64")}`
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ errors: [{ code, message: "", detail: null }] }))
}
