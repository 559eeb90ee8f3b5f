import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import t, { type Test } from "tap"
import type { Receiver } from "../../src/core/source.ts"
import { ask, post, serve, token, type Served } from "./daemon.ts"

/** Strangers hold as many connections as they like; what probes, readers and signed webhooks need stays free. */

const receiver: Receiver = { provider: "gitlab", secret: { kind: "env", name: "HOOK" } }

/** Connections on which `text` was sent, and nothing more. */
async function hold(t: Test, served: Served, count: number, text: string): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(served.port, "127.0.0.1").on("error", () => undefined))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  for (const socket of sockets) socket.write(text)
  while (sockets.some(({ connecting }) => connecting)) await sleep(5)
  return sockets
}

const holds: readonly (readonly [string, string])[] = [
  ["that say nothing", ""],
  ["with half a request line", "GET /liv"],
  ["with half their headers", "GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: "],
  [
    "with a webhook's signature and half its body",
    "POST /hooks/etl HTTP/1.1\r\nHost: a\r\nX-Gitlab-Token: x\r\nContent-Length: 9\r\n\r\n{",
  ],
  ["with no token and half a body", "POST /api/v1/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"],
  ["kept after an answer", "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["that don't take their answer", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"],
]
for (const [title, text] of holds) {
  await t.test(`beside 300 connections ${title}, probes, readers and signed webhooks are answered`, async (t) => {
    const served = await serve(t)
    served.state.receiver = receiver
    await hold(t, served, 300, text)

    const answers: Record<string, number> = {}
    for (let i = 0; i < 5; i++) {
      answers["/livez"] = (await ask(served, "/livez", { token: null })).status
      answers["status"] = (await ask(served, "/api/v1/sources")).status
      answers["hook"] = (
        await post(served, "/hooks/etl", { headers: { "x-gitlab-token": "hook-secret" }, body: `{"n":${i}}` })
      ).status
    }

    t.strictSame(answers, { "/livez": 200, status: 200, hook: 202 })
    t.equal(served.triggered.length, 5)
  })
}

await t.test("who has proved to be somebody keeps the connection, however many strangers come", async (t) => {
  const served = await serve(t, { limits: { connectionsMax: 4 } })
  const waiting = post(served, "/api/v1/sources/etl/sync?wait=1m")
  while (served.triggered.length === 0) await sleep(5)

  await hold(t, served, 50, "GET /")
  served.state.turn = 1
  t.equal((await ask(served, "/livez")).status, 200)
  await served.close()

  t.equal((await waiting).status, 503, "it waited until the server closed")
})

await t.test("when everybody is somebody, one more is turned away", async (t) => {
  const served = await serve(t, { limits: { connectionsMax: 2 } })
  const waiting = [1, 2].map(() => post(served, "/api/v1/sources/etl/sync?wait=1m").catch(() => null))
  while (served.triggered.length < 2) await sleep(5)

  await t.rejects(ask(served, "/livez", { token: null }))

  await served.close()
  await Promise.all(waiting)
  t.ok(token)
})
