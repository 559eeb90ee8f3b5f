import { createServer, request as forward } from "node:http"
import { connect, type AddressInfo, type Socket } from "node:net"

/** A forward proxy on loopback: tunnels by CONNECT, plain requests passed on; keeps what it was asked for. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: string
  /** `host:port` of tunnels, whole URLs of plain requests. */
  readonly asked: string[]
  /** The `proxy-authorization` that it wants; null = none. */
  authorization: string | null
}

export async function openConnectProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Socket>()
  const isKnown = (given: string | undefined): boolean => proxy.authorization === null || given === proxy.authorization
  const server = createServer((incoming, response) => {
    proxy.asked.push(incoming.url ?? "")
    if (!isKnown(incoming.headers["proxy-authorization"])) return void response.writeHead(407).end()
    const { "proxy-authorization": _own, ...headers } = incoming.headers
    const onward = forward(incoming.url ?? "", { method: incoming.method ?? "GET", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on("error", () => response.destroy())
    incoming.pipe(onward)
  })
  server.on("connect", (incoming, socket: Socket) => {
    proxy.asked.push(incoming.url ?? "")
    socket.on("error", () => undefined)
    if (!isKnown(incoming.headers["proxy-authorization"]))
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    const target = new URL(`http://${incoming.url}`)
    const upstream = connect(Number(target.port), target.hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      socket.pipe(upstream).pipe(socket)
    })
    sockets.add(upstream)
    upstream.on("error", () => socket.destroy())
    socket.on("close", () => upstream.destroy())
  })
  server.on("connection", (socket) => sockets.add(socket))
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const proxy: ConnectProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    authorization: null,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
  return proxy
}
