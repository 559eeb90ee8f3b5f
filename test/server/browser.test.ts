import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { chromium } from "playwright-core"
import t from "tap"
import { converged } from "../observe/samples.ts"
import { ask, named, raw, serve, token } from "./daemon.ts"

/** A real Chromium at a server with a token: it asks for a password, gets in with it, and can be used by nobody else. */

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] })
t.teardown(() => browser.close())

await t.test(
  "a browser gets in with the token as password, whatever the name, and reads the page and the API",
  async (t) => {
    const served = await serve(t, { tokens: [named("reader", "read")] })
    served.board.take({ kind: "turn-ended", turn: 1, outcome: converged })
    for (const password of [token, "value-reader"]) {
      const context = await browser.newContext({ httpCredentials: { username: "anybody", password } })
      const page = await context.newPage()

      const answer = await page.goto(`${served.address}/`)

      t.equal(answer?.status(), 200)
      t.match(await page.textContent("table"), /etl.*synced/s)
      t.equal((await page.goto(`${served.address}/api/v1/sources`))?.status(), 200)
      const folder = process.env["SCREENSHOTS"]
      if (folder !== undefined) {
        await page.goto(`${served.address}/`)
        writeFileSync(`${folder}/page.png`, await page.screenshot({ fullPage: true }))
      }
      await context.close()
    }
  },
)

await t.test("without the token, or with a wrong one, a browser is asked for it", async (t) => {
  const served = await serve(t)
  for (const httpCredentials of [undefined, { username: "x", password: "wrong" }]) {
    const context = await browser.newContext(httpCredentials ? { httpCredentials } : {})
    const page = await context.newPage()
    const said = await page.goto(`${served.address}/`).then(
      (answer) => String(answer?.status()),
      (error: Error) => error.message,
    )
    t.match(said, /^401$|ERR_INVALID_AUTH_CREDENTIALS/)
    await context.close()
  }
  const { headers } = await ask(served, "/", { token: null })
  t.match(
    headers["www-authenticate"],
    /^Basic [^,]*, charset="UTF-8", Bearer /,
    "joined by Node; two lines on the wire",
  )
  t.match(
    await raw(served, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    /^www-authenticate: Basic .*\r\nwww-authenticate: Bearer /m,
  )
})

await t.test("a foreign page can make a browser that is in do nothing, and read nothing", async (t) => {
  const served = await serve(t)
  const context = await browser.newContext({ httpCredentials: { username: "x", password: token } })
  const page = await context.newPage()
  await page.goto(`${served.address}/`)
  const foreign = createServer((_request, response) => {
    response
      .setHeader("content-type", "text/html")
      .end(`<form method="post" action="${served.address}/api/v1/sync"><button>x</button></form>`)
  }).listen(0, "127.0.0.1")
  await once(foreign, "listening")
  t.teardown(() => foreign.close())
  await page.goto(`http://localhost:${(foreign.address() as AddressInfo).port}/`)

  const read = await page.evaluate(
    (url) =>
      fetch(url, { credentials: "include" }).then(
        (answer) => answer.text(),
        () => "refused",
      ),
    `${served.address}/api/v1/sources`,
  )
  const answered = page.waitForResponse((response) => response.request().method() === "POST")
  await page.click("button")

  t.equal(read, "refused")
  t.equal((await answered).status(), 401)
  t.strictSame([served.triggered, served.operated], [[], []])
})
