import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

/** How a host is ill. */
const sicknesses = {
  /** It takes the request, and nothing ever comes. */
  hang: () => undefined,
  /** A byte now and then, for ever. */
  drip: (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" })
    const timer = setInterval(() => response.write("0"), 500)
    response.once("close", () => clearInterval(timer))
  },
  /** The connection breaks off. */
  reset: (response: ServerResponse) => void response.destroy(),
  503: (response: ServerResponse) => void response.writeHead(503).end("busy"),
  429: (response: ServerResponse) => void response.writeHead(429, { "retry-after": "600" }).end("slow down"),
} as const
export type Sickness = keyof typeof sicknesses

export interface SickHost extends AsyncDisposable {
  readonly url: string
  /** How many requests came. */
  readonly asked: () => number
}

/** A host on loopback that is ill for everything that it is asked. */
export async function openSickHost(sickness: Sickness): Promise<SickHost> {
  let asked = 0
  const open = new Set<Socket>()
  const http: Server = createServer((_request, response) => {
    asked++
    sicknesses[sickness](response)
  })
  http.on("connection", (socket) => {
    open.add(socket)
    socket.once("close", () => open.delete(socket))
  })
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((closed) => http.close(closed))
    },
  }
}
