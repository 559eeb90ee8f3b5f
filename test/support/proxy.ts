import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A loopback proxy before one real Prefect server: records what is asked, and breaks what a test wants broken. */
export interface Proxy extends AsyncDisposable {
  /** Ends in `/api`. */
  readonly url: string
  readonly seen: Seen[]
  /** Asked before each request; null = pass it on. */
  fault: ((seen: Seen) => Fault | null) | null
}
interface Seen {
  readonly method: string
  /** Below `/api`, with its query. */
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}
export type Fault =
  /** An answer of our own; the server sees nothing. */
  | {
      readonly kind: "answer"
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** The real answer with another body. */
  | { readonly kind: "change"; readonly change: (body: string) => string }
  /** The server does its work, and the connection ends before its answer. */
  | { readonly kind: "lose" }
  /** The connection ends before the server sees anything. */
  | { readonly kind: "reset" }
  /** Half of the real answer, then the connection ends. */
  | { readonly kind: "cut" }
  /** Nothing ever comes. */
  | { readonly kind: "hang" }

interface Real {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly body: Buffer
}

export async function openProxy(target: string): Promise<Proxy> {
  const { pathname } = new URL(target)
  const http = createServer((request, response) => {
    void serve(proxy, target, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}${pathname}`,
    seen: [],
    fault: null,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return proxy
}

async function serve(proxy: Proxy, target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { origin, pathname } = new URL(target)
  const body = await collect(request)
  const { method = "GET", url = "/", headers } = request
  const seen = { method, path: url.slice(pathname.length), body: body.toString(), headers }
  proxy.seen.push(seen)
  const fault = proxy.fault?.(seen) ?? null
  if (fault && instead(response, fault)) return
  const real = await pass(`${origin}${url}`, method, headers, body)
  if (fault?.kind === "lose") return void response.destroy()
  answer(response, real, fault)
}

/** Whether the fault keeps the request from the server. */
function instead(response: ServerResponse, fault: Fault): boolean {
  if (fault.kind === "hang") return true
  if (fault.kind === "reset") response.destroy()
  else if (fault.kind === "answer") {
    response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers }).end(fault.body ?? "")
  } else return false
  return true
}

function answer(response: ServerResponse, real: Real, fault: Fault | null): void {
  const sent = fault?.kind === "change" ? Buffer.from(fault.change(real.body.toString())) : real.body
  const { "transfer-encoding": _chunked, ...kept } = real.headers
  response.writeHead(real.status, real.status === 204 ? kept : { ...kept, "content-length": sent.length })
  if (fault?.kind === "cut") response.write(sent.subarray(0, sent.length / 2), () => response.destroy())
  else response.end(sent)
}

/** Uncompressed, so that a fault can change it. */
function pass(url: string, method: string, headers: IncomingMessage["headers"], body: Buffer): Promise<Real> {
  const { "accept-encoding": _gzip, connection: _kept, ...others } = headers
  return new Promise((resolve, reject) => {
    const upstream = forward(url, { method, headers: others }, (answer) => {
      collect(answer).then(
        (whole) => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: whole }),
        reject,
      )
    })
    upstream.on("error", reject)
    upstream.end(body)
  })
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
