import { Agent, createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { pipeline } from "node:stream/promises"

/** A proxy on loopback before a real server: it keeps what was asked, and answers in its place when told to. */
export interface Gateway extends AsyncDisposable {
  readonly url: string
  readonly requests: Asked[]
  /**
   * Asked before each request, and waited for: `null` = pass it on; a number = answer with that status, and a body
   * where what is said matters; "lose" = cut the connection.
   */
  fault: ((asked: Asked) => Fault | null | Promise<Fault | null>) | null
}
interface Asked {
  readonly method: string
  readonly path: string
}
/** "lost-answer": the server gets it and carries it out, but the answer never comes back. */
type Fault = number | Instead | "lose" | "lost-answer"
interface Instead {
  readonly status: number
  readonly body: string
}

const refusal = '{"detail":"a fault of the test"}'

/** `target` is an origin with a path, for example `http://127.0.0.1:4200/api`. */
export async function openGateway(target: string): Promise<Gateway> {
  // A connection that is kept may be closed by the server just when it is used again.
  const agent = new Agent({ keepAlive: false })
  const requests: Asked[] = []
  const http = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy())
  })
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = { method: request.method ?? "GET", path: request.url ?? "/" }
    requests.push(asked)
    const fault = (await gateway.fault?.(asked)) ?? null
    if (fault === "lose") return void response.destroy()
    if (fault !== null && fault !== "lost-answer") {
      const { status, body } = typeof fault === "number" ? { status: fault, body: refusal } : fault
      response.writeHead(status, { "content-type": "application/json" }).end(body)
      return
    }
    const { origin, pathname } = new URL(target)
    const upstream = forward(origin + pathname + asked.path, { method: asked.method, headers: request.headers, agent })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once("response", resolve)
      upstream.once("error", reject)
    })
    const [answer] = await Promise.all([answered, pipeline(request, upstream)])
    if (fault === "lost-answer") {
      answer.resume()
      await new Promise((ended) => answer.once("close", ended))
      return void response.destroy()
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    await pipeline(answer, response)
  }
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const gateway: Gateway = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    fault: null,
    async [Symbol.asyncDispose]() {
      agent.destroy()
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return gateway
}
